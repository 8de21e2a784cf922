"""What a vector must still tell of its picture: the things, inks and places of a scene, the class of a labelled one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sightline.measure.pictures import Pictures
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite

MEMORY = (500, 120)
"""close-ups of scenes, full and quick; they are embedded for other questions too"""
FITTED = 500
"""pictures of a source that a probe is fitted on, at most: embedding them is most of what density costs"""
FIELDS = {"thing": "what", "colour": "colour", "place": "place"}
"""question: the key in what `scenes` tells of an element"""
Sets = list[tuple[set[str], ...]]
"""of each picture, the set of its right answers to each question; empty where it is not known"""


@dataclass(frozen=True, eq=False)
class Truth:
    """Answers (n, k) and (m, k) bool to several questions, each a slice of the columns: of the pictures that a probe is
    fitted on, and of those it is asked about. A picture with two things has two right answers."""

    questions: tuple[str, ...]
    parts: tuple[slice, ...]
    fitted: Pictures
    """of which `rows` are fitted on"""
    rows: np.ndarray
    answers: np.ndarray
    asked: Pictures
    """of which `kept` are asked about"""
    kept: np.ndarray
    right: np.ndarray
    domains: tuple[str, ...] | None
    families: tuple[str, ...]
    """of the pictures asked about: drawings of one thing share their luck"""
    notes: tuple[str, ...] = field(default=())


def truth(suite: Suite, most: int = FITTED) -> Truth:
    """Of a suite, with at most so many pictures to fit on; ValueError with the reason where it tells nothing that
    could be probed."""
    if suite.kind == "scenes":
        fitted, asked = suite.closeups(MEMORY[suite.quick], "train"), suite.whole
        return _truth(tuple(FIELDS), fitted, shown(fitted), asked, shown(asked), most)
    if not any(suite.test.labels):
        raise ValueError("no picture has a label, so it is not known what a vector must keep")
    if suite.memory is None or not any(suite.memory.labels):
        raise ValueError("there are no other labelled pictures to fit a probe on; name some by --memory")
    return _truth(("class",), suite.memory, _labels(suite.memory), suite.test, _labels(suite.test), most)


def _truth(questions: tuple[str, ...], fitted: Shelf, known: Sets, asked: Shelf, wanted: Sets, most: int) -> Truth:
    rows = np.flatnonzero([all(sets) for sets in known])
    rows = rows[np.arange(min(most, len(rows))) * len(rows) // max(1, min(most, len(rows)))]
    vocabularies = [sorted({value for i in rows for value in known[i][q]}) for q in range(len(questions))]
    for question, words in zip(questions, vocabularies, strict=True):
        if len(words) < 2:
            raise ValueError(f"all pictures have one {question}, so there is nothing to tell apart")
    labelled = [i for i, sets in enumerate(wanted) if all(sets)]
    kept = [i for i in labelled if all(set(sets) & set(wanted[i][q]) for q, sets in enumerate(vocabularies))]
    if not kept:
        raise ValueError("no class of the pictures asked about is among those a probe is fitted on")
    ends = np.cumsum([0, *map(len, vocabularies)])
    away = len(labelled) - len(kept)
    return Truth(
        questions,
        tuple(slice(int(a), int(b)) for a, b in zip(ends[:-1], ends[1:], strict=True)),
        fitted.pictures.told(vectors=_hot(known, range(len(known)), vocabularies).astype(np.float32)),
        rows,
        _hot(known, rows, vocabularies),
        asked.pictures.told(vectors=_hot(wanted, range(len(wanted)), vocabularies).astype(np.float32)),
        np.array(kept),
        _hot(wanted, kept, vocabularies),
        None if asked.domains is None else tuple(asked.domains[i] for i in kept),
        tuple(asked.samples[i].name or asked.samples[i].key for i in kept),
        (f"{away} pictures left out whose class no fitted picture has",) if away else (),
    )


def _hot(sets: Sets, rows: Sequence[int] | np.ndarray | range, vocabularies: list[list[str]]) -> np.ndarray:
    return np.array(
        [[word in sets[i][q] for q, words in enumerate(vocabularies) for word in words] for i in rows], dtype=bool
    )


def shown(shelf: Shelf) -> Sets:
    """Of each scene, the set of its answers to each question."""
    return [
        tuple({str(element[key]) for element in sample.extra["factors"]} for key in FIELDS.values())
        for sample in shelf.samples
    ]


def _labels(shelf: Shelf) -> Sets:
    return [(set() if label is None else {label},) for label in shelf.labels]
