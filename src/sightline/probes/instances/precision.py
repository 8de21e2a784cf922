"""Average precision of one query, and whether its first k hold a right candidate; equal scores in no order.

Of candidates that score the same the mean over all their orders is taken, in closed form (McSherry and Najork, ECIR
2008): no figure depends on where a picture stands in the set, and a constant encoder gets what a random order would.
"""

from collections.abc import Callable, Sequence
from math import comb
from typing import NamedTuple

import numpy as np

Precision = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""what a right candidate adds: (right ones before it (n,), all before it (n,)) -> (n,); linear in the first, so that it
may be given a mean over orders"""


def at_hits(before: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Precision among the first up to and with it: what re-identification reports today (and most of retrieval)."""
    return (before + 1) / (place + 1)


def trapezoid(before: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Mean of the precisions without it and with it, 1 before the first place: the area under the line through them.

    Oxford and Paris, also revisited, and Market-1501's own code; lower than `at_hits` but for a perfect order.
    """
    without = np.where(place == 0, 1.0, before / np.maximum(place, 1))
    return (without + at_hits(before, place)) / 2


class Levels(NamedTuple):
    """The candidates of a query by score, best first: those that share one are a level."""

    size: np.ndarray
    """(l,) how many share it"""
    hits: np.ndarray
    """(l,) how many of them are right"""

    def average_precision(self, precision: Precision) -> float:
        """1/R sum over the R right candidates of `precision`."""
        size, hits = self
        first = np.cumsum(size) - size
        earlier = np.cumsum(hits) - hits
        kept = np.flatnonzero(hits)
        of = np.repeat(kept, size[kept])  # the level of each place that a right candidate can take
        within = np.arange(len(of)) - np.repeat(np.cumsum(size[kept]) - size[kept], size[kept])
        # given that the place is taken by a right one, the others of its level are spread evenly
        before = earlier[of] + within * (hits[of] - 1) / np.maximum(size[of] - 1, 1)
        gained = precision(before, (first[of] + within).astype(np.float64))
        return float((hits[of] / size[of] * gained).sum() / hits.sum())

    def among_first(self, ks: Sequence[int]) -> np.ndarray:
        """Chance (len(ks),) that one of the first k is right (CMC): 0 or 1, between them only where scores tie."""
        size, hits = self
        level = int(np.flatnonzero(hits)[0])
        before, n, r = int(size[:level].sum()), int(size[level]), int(hits[level])
        drawn = [min(max(k - before, 0), n) for k in ks]
        return np.array([1 - comb(n - r, t) / comb(n, t) for t in drawn])


def levels(scores: np.ndarray, right: np.ndarray) -> Levels:
    """Of scores (c,) and right (c,) bool of candidates best first, some of them right, junk left out."""
    starts = np.flatnonzero(np.concatenate([[True], scores[1:] != scores[:-1]]))
    return Levels(np.diff(starts, append=len(scores)), np.add.reduceat(right.astype(np.int64), starts))


def best_first(scores: np.ndarray) -> np.ndarray:
    """Places (c,) of scores (c,), the greatest first."""
    return np.argsort(-scores, kind="stable")


def average_precision(scores: np.ndarray, right: np.ndarray, precision: Precision = at_hits) -> float:
    """1/R sum over the R right candidates of `precision`, of scores (c,) and right (c,) bool; junk is left out before.

    ValueError where no candidate is right.
    """
    if scores.shape != right.shape or scores.ndim != 1:
        raise ValueError(f"scores are {scores.shape} and right is {right.shape}; they must be one row each, and equal")
    if not right.any():
        raise ValueError("no candidate is right; leave the query out")
    order = best_first(scores)
    return levels(scores[order], right[order]).average_precision(precision)
