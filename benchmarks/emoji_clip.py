"""CLIP on emoji in eight drawing styles, tested on concepts it has never seen.

    SIGHTLINE_DATA=... python benchmarks/emoji_clip.py          # about six minutes on two cores

Trains `clip` (`clip.small`) on the `train` shards and measures retrieval on the `test` shards: queries are the distinct
captions, a picture is right when its caption is the query (all styles of a concept). Then the same with the keywords
added to the query.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np

import sightline
from sightline.data.sources.source import open_source
from sightline.probes.retrieval import recall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/emoji"))
    parser.add_argument("overrides", nargs="*", help="key=value")
    options = parser.parse_args()
    if "SIGHTLINE_DATA" not in os.environ:
        raise SystemExit("set SIGHTLINE_DATA to the folder that holds emoji/train-000.tar.gz")
    folder = Path(os.environ["SIGHTLINE_DATA"]) / "emoji"
    train, test = str(folder / "train-*.tar.gz"), str(folder / "test-*.tar.gz")
    done = sightline.train("clip", data=train, evaluation=test, out=options.out, overrides=options.overrides)
    encoder = sightline.load(options.out)
    source = open_source(test)
    samples = [source[i] for i in range(len(source))]
    pictures = encoder.encode_image([s.image for s in samples], normalize=True).cpu().numpy()
    captions = np.array([s.captions[0] for s in samples])
    first = {caption: next(s for s in samples if s.captions[0] == caption) for caption in dict.fromkeys(captions)}
    queries = {"caption": list(first), "caption and keywords": [" ".join([c, *s.terms]) for c, s in first.items()]}
    row: dict = {"train": len(open_source(train)), "test": len(samples), "queries": len(first)}
    for name, texts in queries.items():
        vectors = encoder.encode_text(texts, normalize=True).cpu().numpy()
        relevant = captions[None, :] == np.array(list(first))[:, None]
        found = recall(vectors @ pictures.T, relevant)
        row[name] = {k: round(found[k], 3) for k in ("r1", "r5", "r10")}
    share = np.array([(captions == c).mean() for c in first])
    row["chance_r10"] = round(float(np.mean(1 - (1 - share) ** 10)), 3)
    row["seconds"] = round(done.seconds)
    print(json.dumps(row))


if __name__ == "__main__":
    main()
