"""Tags for names that nobody tagged: those of the tagged names that mean nearly the same.

    python tools/icons_encoder/spread.py raw/ lexicon/ runs/words

Writes `lexicon/near.json`, as `tags.json` is: its own entries, and for every other name of an icon the tags of at most
NEAREST tagged names whose sentence vectors have a cosine of NEAR to its own, the nearest first, at most MOST of them.
The vectors are the sentence encoder's, which words.py kept in its run folder. Seven in ten icons have words beside
their name then, where four in ten had.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from lexicon import SETS, icon_words

from sightline.data.array import unit
from sightline.data.atomic import atomic_write

NEAR, NEAREST, MOST = 0.75, 3, 12
BLOCK = 2048


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("raw", "lexicon", "words"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    tags = json.loads((options.lexicon / "tags.json").read_text(encoding="utf-8"))
    short = json.loads((options.lexicon / "texts.json").read_text(encoding="utf-8"))["short"]
    vectors = np.load(options.words / "vectors.npy", mmap_mode="r")
    place = {text: number for number, text in enumerate(short)}
    told = [name for name in tags if name in place]
    asked = [name for name in dict.fromkeys(icon_words(f"iconify:{options.raw / 'iconify'}?{SETS}"))]
    asked = [name for name in asked if name in place and name not in tags]
    of_told = unit(np.asarray(vectors[[place[name] for name in told]], np.float32))
    found = dict(tags)
    for start in range(0, len(asked), BLOCK):
        names = asked[start : start + BLOCK]
        cosines = unit(np.asarray(vectors[[place[name] for name in names]], np.float32)) @ of_told.T
        for name, row in zip(names, cosines, strict=True):
            near = np.argsort(-row)[:NEAREST]
            words = [word for at in near if row[at] >= NEAR for word in tags[told[at]] if word != name]
            if words:
                found[name] = list(dict.fromkeys(words))[:MOST]
    with atomic_write(options.lexicon / "near.json") as [temporary]:
        temporary.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    print(f"{len(tags):,} names with tags, {len(found):,} with those of near ones, of {len(asked) + len(told):,}")


if __name__ == "__main__":
    main()
