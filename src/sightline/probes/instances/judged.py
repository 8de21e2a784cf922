"""Every query of a protocol, judged: average precision and hits, junk taken out before anything is ranked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sightline.data.array import unit
from sightline.probes.instances.precision import Precision, best_first, levels

CELLS = 2**24
"""similarities made at a time, float64: 128 MB, for any number of candidates"""

Answers = Callable[[int], tuple[np.ndarray, np.ndarray]]
"""of a query: which candidates are right (c,) bool, and which are junk (c,) bool"""


@dataclass(frozen=True, eq=False)
class Judged:
    """The queries that have a right candidate, one by one; those without are counted."""

    asked: np.ndarray
    """(a,) which queries"""
    precision: np.ndarray
    """(a,) average precision"""
    hits: np.ndarray
    """(a, len(ks)) whether one of the first k is right; between 0 and 1 where scores tie"""
    ks: tuple[int, ...]
    left_out: int
    """queries without a right candidate"""

    def summary(self) -> dict[str, float]:
        """`{"map", "r1", "r5", "r10", "queries", "left_out"}`; NaN where no query could be asked."""
        if not len(self.asked):
            values = dict.fromkeys(["map", *(f"r{k}" for k in self.ks)], float("nan"))
        else:
            hits = self.hits.mean(axis=0)
            values = {"map": float(self.precision.mean())}
            values |= {f"r{k}": float(hit) for k, hit in zip(self.ks, hits, strict=True)}
        return values | {"queries": len(self.asked), "left_out": self.left_out}


def judged(
    queries: Any, candidates: Any, setups: Sequence[Answers], ks: Sequence[int], precision: Precision
) -> list[Judged]:
    """All `queries` (q, e) among `candidates` (c, e) by cosine, ranked once, judged by each of `setups`.

    A candidate that is right and junk is junk. Vectors are normalised here; products are made in float64 and compared
    in float32, as in `probes.retrieval`. ValueError for vectors that do not fit one another or are not finite, and for
    a k below 1.
    """
    asking, among = unit(queries).astype(np.float64), unit(candidates).astype(np.float64)
    if asking.ndim != 2 or among.ndim != 2 or asking.shape[1] != among.shape[1]:
        raise ValueError(
            f"queries are {asking.shape} and candidates {among.shape}; they must be rows of one encoder's numbers"
        )
    if any(k < 1 for k in ks):
        raise ValueError(f"the first k are at least one; got k={min(ks)}")
    rows = max(1, CELLS // max(1, len(among)))
    asked: list[list[int]] = [[] for _ in setups]
    told: list[list[tuple[float, np.ndarray]]] = [[] for _ in setups]
    for first in range(0, len(asking), rows):
        similarity = (asking[first : first + rows] @ among.T).astype(np.float32)
        for query, scores in enumerate(similarity, start=first):
            order = best_first(scores)
            for setup, answers in enumerate(setups):
                right, junk = answers(query)
                counted = order[~junk[order]]
                if right[counted].any():
                    of = levels(scores[counted], right[counted])
                    asked[setup].append(query)
                    told[setup].append((of.average_precision(precision), of.among_first(ks)))
    return [
        Judged(
            np.array(who, np.int64),
            np.array([value for value, _ in of], np.float64),
            np.array([hits for _, hits in of], np.float64).reshape(len(of), len(ks)),
            tuple(ks),
            len(asking) - len(of),
        )
        for who, of in zip(asked, told, strict=True)
    ]
