"""What an encoder of icons finds in sets it has never seen: Phosphor, emoji, Font Awesome, by names and by other words.

    SIGHTLINE_DATA=... python benchmarks/icons_encoder.py                            # builtin:icons
    SIGHTLINE_DATA=... python benchmarks/icons_encoder.py runs/iconify --sentence MINILM

Words to pictures: a query is right where a picture that bears it is among the first k. `names` are the names of all
pictures, `tags` the words kept beside a name that share no word with it: `tags` counts a hit for any picture that has
the tag, `tags, one` only for the picture whose tag it is (a query a picture). Beside each stand BM25 on the names, and
with `--sentence` a sentence encoder (a folder of sentence-transformers) that reads the names instead of looking.
"""

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from _atlas import shards
from sightline.data.array import unit
from sightline.data.sources.icons import Icons
from sightline.data.sources.source import open_source
from sightline.probes.bm25 import bm25
from sightline.probes.retrieval import recall
from sightline.search.encoder import open_encoder

KS = (1, 10)


@dataclass(frozen=True, eq=False)
class Named:
    """Pictures with a name each, and the words that are kept beside it."""

    title: str
    pictures: Sequence[Any]
    names: Sequence[str]
    tags: Sequence[frozenset[str]]
    """of every picture, those that share no word with its name"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", nargs="?", default="builtin:icons")
    parser.add_argument("--split", default="test", choices=("train", "test"))
    parser.add_argument("--sentence", help="an encoder of texts, to read the names")
    options = parser.parse_args()
    encoder = open_encoder(options.encoder)
    reader = open_encoder(options.sentence) if options.sentence else None
    print("| set | queries | by | n | R@1 | R@10 |\n| --- | --- | --- | --- | --- | --- |")
    for named in sets(options.split):
        vectors = unit(encoder.encode_image(list(named.pictures)))

        def seen(queries: Sequence[str], vectors: np.ndarray = vectors) -> np.ndarray:
            return unit(encoder.encode_text(list(queries))) @ vectors.T

        ways: dict[str, Callable[[Sequence[str]], np.ndarray]] = {"pictures": seen}
        ways["BM25 on names"] = lambda queries, named=named: bm25(named.names, queries)
        if reader is not None:
            read = unit(reader.encode_text(list(named.names)))
            ways["sentences on names"] = lambda queries, read=read: unit(reader.encode_text(list(queries))) @ read.T
        for kind, (queries, right) in questions(named).items():
            for way, answer in ways.items():
                found = recall(answer(queries), right, KS)
                print(f"| {named.title} | {kind} | {way} | {len(queries)} | {found['r1']:.3f} | {found['r10']:.3f} |")


def sets(split: str) -> list[Named]:
    """The sets that no built-in encoder learns from."""
    icons = Icons(weight="solid")
    samples = [icons[index] for index in range(len(icons))]
    awesome = Named(
        "Font Awesome",
        [s.image for s in samples],
        [s.captions[0] for s in samples],
        [tags(s.captions[0], s.terms) for s in samples],
    )
    return [shared("Phosphor", "phosphor_icons", split), shared("emoji", "emoji", split), awesome]


def shared(title: str, name: str, split: str) -> Named:
    """A set of shards whose records have `caption` and `keywords`."""
    source: Any = open_source(shards(name, split))
    samples = [source[index] for index in range(len(source))]
    names = [str(s.extra["caption"]) for s in samples]
    return Named(
        title,
        [s.image for s in samples],
        names,
        [tags(n, s.extra["keywords"]) for n, s in zip(names, samples, strict=True)],
    )


def tags(name: str, words: Sequence[str]) -> frozenset[str]:
    """Those of `words` that share no word with `name`."""
    said = _words(name)
    return frozenset(word.lower() for word in words if (own := _words(word)) and not own & said)


def questions(named: Named) -> dict[str, tuple[list[str], np.ndarray]]:
    """Queries (q) and which pictures are right (q, n), by kind."""
    names, every = np.array(named.names), sorted(set(named.names))
    asked = {"names": (every, np.array([names == name for name in every]))}
    words = sorted(set().union(*named.tags))
    asked["tags"] = (words, np.array([[word in own for own in named.tags] for word in words]))
    of_name = {name: own for name, own in zip(named.names, named.tags, strict=True)}
    pairs = [(name, word) for name in every for word in sorted(of_name[name])]
    asked["tags, one"] = ([word for _, word in pairs], np.array([names == name for name, _ in pairs]))
    return asked


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", text.lower()))


if __name__ == "__main__":
    main()
