"""Landmarks: mean average precision with junk, as Oxford and Paris revisited have it.

Radenovic et al. 2018, https://arxiv.org/abs/1803.11285. Of every query some pictures show the landmark
plainly (easy), some hardly (hard), some so little that nobody should be judged by them (junk); all others are wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sightline.probes.instances.judged import Answers, Judged, judged
from sightline.probes.instances.precision import Precision, trapezoid

SETUPS = {"easy": ("easy",), "medium": ("easy", "hard"), "hard": ("hard",)}
"""what is right in each; the rest of easy, hard and junk is taken out before ranking"""
KINDS = ("easy", "hard", "junk")


@dataclass(frozen=True)
class Truth:
    """What a query's pictures are, as places in the database. Oxford and Paris of 2007 and 2008 are its `easy` setup:
    their good and ok are easy, nothing is hard."""

    easy: Sequence[int] = ()
    hard: Sequence[int] = ()
    junk: Sequence[int] = ()


def landmarks(
    queries: Any,
    database: Any,
    truths: Sequence[Truth],
    *,
    ks: Sequence[int] = (1, 5, 10),
    precision: Precision = trapezoid,
) -> dict[str, Judged]:
    """`{"easy", "medium", "hard"}`: queries (q, e), a truth each, among the database (n, e).

    A query without a right picture in a setup is left out of it and counted. ValueError for a place that is not in the
    database, or one named twice for a query.
    """
    if len(truths) != len(queries):
        raise ValueError(f"{len(queries)} queries came with {len(truths)} truths; give one each")
    places = [{kind: np.asarray(getattr(truth, kind), np.int64) for kind in KINDS} for truth in truths]
    for query, told in enumerate(places):
        _check(query, np.concatenate(list(told.values())), len(database))

    def of(setup: str) -> Answers:
        def answers(query: int) -> tuple[np.ndarray, np.ndarray]:
            right, junk = np.zeros(len(database), bool), np.zeros(len(database), bool)
            for kind, at in places[query].items():
                (right if kind in SETUPS[setup] else junk)[at] = True
            return right, junk

        return answers

    found = judged(queries, database, [of(setup) for setup in SETUPS], ks, precision)
    return dict(zip(SETUPS, found, strict=True))


def _check(query: int, named: np.ndarray, count: int) -> None:
    if len(named) and (named.min() < 0 or named.max() >= count):
        wrong = named[(named < 0) | (named >= count)][0]
        raise ValueError(f"the truth of query {query} names picture {wrong}; the database has 0 to {count - 1}")
    known, times = np.unique(named, return_counts=True)
    if (times > 1).any():
        raise ValueError(
            f"the truth of query {query} names picture {known[times > 1][0]} twice; it is easy, hard or junk"
        )
