"""Whether a search knows when it has nothing: words with an answer against words without, on three libraries.

    python benchmarks/words/relevance.py PICTURES [--words ENCODER] [--data FOLDER] [--fold 0]

PICTURES is the encoder of the index, `--words` the one that reads names and captions (PICTURES where it is not given; a
folder of all-MiniLM-L6-v2, a run). FOLDER holds emoji and caltech101 ($SIGHTLINE_DATA). Libraries of fold 1, which are
reported: icons with a term of each left out, and the test parts of emoji (by their names alone) and caltech101 ("a
photo of a ..."); of fold 0, on which the numbers of `relevance.py` were chosen, their training parts, thinned.
Answerable are words that nothing in the library is called by: the terms left out, keywords of emoji, other words for
the classes. Words of no language, foreign words and phrases of fold 1 are others than those of fold 0
(`queries.py`).

A row for what is judged by: pictures, words, or both, each with its own first ten (reciprocal ranks where both, before
what is relevant is put first).

    found      a right picture is among the first ten
    kept       of those: one in the first ten is relevant
    precision  of what is relevant, how much is right: of all answerable queries that got anything, of those found
    relevant   pictures, median over answered queries
    nothing    share answered "nothing relevant": pronounced, mashed, foreign, all three; off topic
"""

import argparse
import json
import os
import re
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path

import numpy as np
from queries import nonsense, off_topic, other_words

from sightline.data.array import unit
from sightline.data.sources.icons import icon_entries
from sightline.data.sources.source import open_source
from sightline.probes.nearest import top_k
from sightline.search.encoder import open_encoder, words_encoder
from sightline.search.fill.lines import said_by
from sightline.search.query import pieces
from sightline.search.rank.fuse import SAID as SAID_WEIGHT
from sightline.search.rank.fuse import fused
from sightline.search.rank.relevance import background, best_matches, evidence, probes, relevant
from sightline.search.words import stored_words, words

MOST, FIRST = 300, 10
SAID = 4
"""letters of a word of the library that make a made-up word no nonsense to it: "girler" is a misspelling"""
THIN = {0: 3, 1: 1}
"""every so many pictures of a part"""
JUDGED = {"pictures": (True, False), "words": (False, True), "both": (True, True)}


@dataclass(frozen=True)
class Library:
    name: str
    images: list
    lines: list[tuple[str, ...]]
    """what the index is told of each picture"""
    answers: dict[str, np.ndarray]
    """from an answerable query to the pictures (n,) that are right"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures")
    parser.add_argument("--words")
    parser.add_argument("--data", type=Path, default=os.environ.get("SIGHTLINE_DATA"))
    parser.add_argument("--fold", type=int, choices=(0, 1), default=1)
    options = parser.parse_args()
    if options.data is None:
        raise SystemExit("say where emoji and caltech101 are: --data FOLDER, or SIGHTLINE_DATA")
    looks = open_encoder(options.pictures)
    reads = open_encoder(options.words) if options.words else words_encoder(looks)
    for library in libraries(Path(options.data), options.fold):
        for row in measured(library, looks, reads, options.fold):
            print(json.dumps(row), flush=True)


def libraries(data: Path, fold: int) -> list[Library]:
    part = ("train", "test")[fold]
    shown = [emoji(open_source(f"{data}/emoji:{part}"), THIN[fold])]
    shown.append(caltech(open_source(f"{data}/caltech101:{part}"), THIN[fold]))
    return [icons(), *shown] if fold else shown


def icons() -> Library:
    source = open_source("icons?set=solid&hide=term")
    samples = [source[i] for i in range(len(source))]
    lines = [tuple(filter(words, (s.captions[0], *s.terms))) for s in samples]  # "✓" is no word
    everything = [(entry.label, *entry.terms) for entry in icon_entries("solid")]
    return Library("icons", [s.image for s in samples], lines, _unsaid(lines, everything))


def emoji(source, thin: int) -> Library:
    samples = [s for s in (source[i] for i in range(0, len(source), thin)) if s.extra["group"] != "flags"]
    lines = [s.captions[:1] for s in samples]
    everything = [(s.captions[0], *s.terms) for s in samples]
    return Library(source.name.split("/")[-1], [s.image for s in samples], lines, _unsaid(lines, everything))


def caltech(source, thin: int) -> Library:
    samples = [source[i] for i in range(0, len(source), thin)]
    lines = [s.captions[:1] for s in samples]
    names = [re.sub("^a photo of an? ", "", caption) for (caption,) in lines]
    answers = {word: np.flatnonzero([n in right for n in names]) for word, right in other_words().items()}
    written = [set(words(name)) for name in names]
    answers = {q: right for q, right in answers.items() if not any(set(words(q)) <= w for w in written)}
    return Library(source.name.split("/")[-1], [s.image for s in samples], lines, answers)


def _unsaid(lines, everything) -> dict[str, np.ndarray]:
    """Words that some pictures have and the index was not told of any: at most MOST, by hash."""
    told = [set(words(" ".join(texts))) for texts in everything]
    said = {frozenset(words(line)) for line in {line for texts in lines for line in texts}}
    hidden = {word for texts, all_ in zip(lines, everything, strict=True) for word in set(all_) - set(texts)}
    free = [q for q in hidden if (own := set(words(q))) and not any(own <= line for line in said)]
    chosen = sorted(free, key=lambda q: blake2b(q.encode()).digest())[:MOST]
    return {q: np.flatnonzero([set(words(q)) <= own for own in told]) for q in chosen}


def measured(library: Library, looks, reads, fold: int) -> list[dict]:
    pictures = np.concatenate(
        [unit(looks.encode_image(library.images[i : i + 128])) for i in range(0, len(library.images), 128)]
    )
    flat = [line for texts in library.lines for line in texts]
    distinct = {line: i for i, line in enumerate(dict.fromkeys(flat))}
    lines, at = (
        read(reads, [said_by(stored_words(line)) for line in distinct]),
        np.array([distinct[line] for line in flat]),
    )
    starts = np.array([0, *accumulate(len(texts) for texts in library.lines)])[:-1]
    asked = {"answerable": list(library.answers), **nonsense(fold), "off topic": off_topic(fold)}
    known = {word for line in distinct for word in words(line) if len(word) >= SAID}
    for kind in ("pronounced", "mashed"):
        asked[kind] = [query for query in asked[kind] if not any(word in query for word in known)]
    vectors_of = {kind: both(looks, reads, queries) for kind, queries in {**asked, "probes": list(probes())}.items()}
    spelt = {kind: pieces(reads, queries) for kind, queries in asked.items()}
    made_up = float(np.median([some or 0 for some in pieces(reads, probes()[:-1])]))
    rows = []
    for judged, (by_look, by_words) in JUDGED.items():
        looked, heard = vectors_of["probes"]
        seen, said = best_matches(looked, pictures), best_matches(heard, lines)
        nothing = background(heard, seen if by_look else None, said if by_words else None, made_up)
        found = {}
        for kind in asked:
            looked, vectors = vectors_of[kind]
            seen = looked @ pictures.T if by_look else None
            said = np.maximum.reduceat((vectors @ lines.T)[:, at], starts, axis=1) if by_words else None
            found[kind] = [
                (
                    evidence(
                        None if seen is None else seen[i],
                        None if said is None else said[i],
                        vector,
                        nothing,
                        spelt[kind][i],
                    ),
                    [top_k(x[i], 1000) for x in (seen, said) if x is not None],
                )
                for i, vector in enumerate(vectors)
            ]
        rows.append({"library": library.name, "pictures": len(pictures), "by": judged} | figures(library, found))
    return rows


def both(looks, reads, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of texts that are compared with pictures, and those that are compared with words."""
    vectors = read(looks, texts)
    return vectors, vectors if looks is reads else read(reads, texts)


def figures(library: Library, found: dict[str, list]) -> dict:
    pool, none = np.arange(len(library.images)), np.zeros(0, np.int64)
    hits, kept, precision, of_found, counts = [], [], [], [], []
    for (value, rankings), right in zip(found["answerable"], library.answers.values(), strict=True):
        weights = [1.0, SAID_WEIGHT] if len(rankings) == 2 else None
        first = fused(rankings, none, none, pool, np.zeros(len(pool)), weights)[:FIRST]
        here, true = relevant(value), np.isin(pool, right)
        hits.append(bool(true[first].any()))
        if hits[-1]:
            kept.append(bool((true & here)[first].any()))
        if here.any():
            counts.append(int(here.sum()))
            precision.append(float(true[here].mean()))
            of_found += precision[-1:] if hits[-1] else []
    nothing = {
        kind: [not relevant(value).any() for value, _ in one] for kind, one in found.items() if kind != "answerable"
    }
    nothing["all"] = sum((nothing[kind] for kind in ("pronounced", "mashed", "foreign")), [])
    return {
        "queries": [len(hits), len(nothing["all"])],
        "found": _mean(hits),
        "kept": _mean(kept),
        "precision": [_mean(precision), _mean(of_found)],
        "relevant": float(np.median(counts)) if counts else 0,
        "nothing": {kind: _mean(one) for kind, one in nothing.items()},
    }


def _mean(values: list) -> float | None:
    return round(float(np.mean(values)), 3) if values else None


def read(encoder, texts: list[str]) -> np.ndarray:
    return np.concatenate([unit(encoder.encode_text(texts[i : i + 128])) for i in range(0, len(texts), 128)])


if __name__ == "__main__":
    main()
