"""What the text tower of builtin:icons reads: names and tags of icons, and every word of WordNet with what it means.

    python tools/icons_encoder/lexicon.py raw/ lexicon/

`raw/` is what fetch.py made. Writes `texts.json` (`{"short": [...], "long": [...]}`: names, tags and lemmas; glosses)
and `tags.json` (name -> further words), which `iconify:...?words=lexicon/tags.json` gives to every icon of that name.
Icons of sets that judge the encoder give no words: `SETS` is the one place that says which are read.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

from sightline.data.atomic import atomic_write
from sightline.data.sources.source import open_source

SETS = "licence=permissive&group=UI*,Material,Thematic,Archive*&without=ph,fa*&most=2500"
"""options of the source `iconify`: what is learnt from. Emoji, logos, flags, marks of programming are other groups"""
LONGEST = 12
"""words of a gloss that is read"""
POS = ("noun", "verb", "adj", "adv")
"""of WordNet's files"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    tagged = tags(options.raw)
    names = icon_words(f"iconify:{options.raw / 'iconify'}?{SETS}")
    lemmas, glosses = wordnet(options.raw / "wordnet" / "dict")
    every = [*names, *(word for words in tagged.values() for word in words), *lemmas]
    short = list(dict.fromkeys(every))
    said = set(short)
    options.out.mkdir(parents=True, exist_ok=True)
    long = [gloss for gloss in glosses if gloss not in said and len(gloss.split()) <= LONGEST]
    for name, value in (("texts.json", {"short": short, "long": long}), ("tags.json", tagged)):
        with atomic_write(options.out / name) as [temporary]:
            temporary.write_text(json.dumps(value, ensure_ascii=False, indent=0), encoding="utf-8")
    print(f"{len(short):,} names, tags and lemmas, {len(long):,} glosses; tags of {len(tagged):,} names")


def icon_words(src: str) -> list[str]:
    """Names and aliases of the icons, each once."""
    source: Any = open_source(src)
    samples = (source[index] for index in range(len(source)))
    return list(dict.fromkeys(word for sample in samples for word in (*sample.captions, *sample.terms)))


def tags(raw: Path) -> dict[str, list[str]]:
    """Name -> tags, as the packages of lucide, tabler and mdi list them."""
    found: dict[str, list[str]] = {}

    def add(name: str, words: list[str]) -> None:
        found.setdefault(plain(name), []).extend(map(plain, words))

    for name, words in _read(raw / "lucide" / "tags.json").items():
        add(name, words)
    for name, entry in _read(raw / "tabler" / "icons.json").items():
        add(name, [*map(str, entry["tags"]), entry["category"]])
    for entry in _read(raw / "mdi" / "meta.json"):
        add(entry["name"], [*entry["aliases"], *(part for tag in entry["tags"] for part in tag.split("/"))])
    return {name: [word for word in dict.fromkeys(words) if word and word != name] for name, words in found.items()}


def wordnet(folder: Path) -> tuple[list[str], list[str]]:
    """Lemmas and the first sentence of every gloss, each once, in the order of the files."""
    lemmas: dict[str, None] = {}
    glosses: dict[str, None] = {}
    for kind in POS:
        for line in (folder / f"data.{kind}").read_text(encoding="utf-8").splitlines():
            if line.startswith("  "):  # the licence
                continue
            head, gloss = line.split("|", 1)
            fields = head.split()
            for number in range(int(fields[3], 16)):
                lemmas[re.sub(r"\(.*?\)", "", fields[4 + 2 * number]).replace("_", " ").lower()] = None
            glosses[gloss.split(";")[0].strip()] = None
    return list(lemmas), list(glosses)


def plain(text: str) -> str:
    """
    >>> plain("Developer / code-block")
    'developer code block'
    """
    return " ".join(re.split(r"[-_/\s]+", text.lower())).strip()


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
