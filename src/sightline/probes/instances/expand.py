"""Vectors moved towards their neighbours: query expansion, and database-side augmentation.

    q' = (q + sum_i w_i x_i) / || . ||,   x_i the k nearest of the database

The papers expand by pictures whose geometry was verified; here, as in all later work, by the nearest as they come.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from sightline.data.array import unit
from sightline.probes.nearest import top_k

CELLS = 2**25
"""similarities, or numbers of neighbours, made at a time, float32: 128 MB, for any number of vectors"""

Weigh = Callable[[np.ndarray], np.ndarray]
"""similarities (r, k), best first, to weights (r, k); the vector itself weighs 1"""


def average(similarity: np.ndarray) -> np.ndarray:
    """All alike: average query expansion, AQE (Chum et al. 2007)."""
    return np.ones_like(similarity)


def by_rank(similarity: np.ndarray) -> np.ndarray:
    """(k - r) / k of the r-th, so the k-th weighs nothing (Gordo et al. 2017, https://arxiv.org/abs/1610.07940)."""
    k = similarity.shape[1]
    return np.broadcast_to((k - np.arange(1, k + 1, dtype=similarity.dtype)) / k, similarity.shape)


def by_similarity(alpha: float) -> Weigh:
    """s^alpha: alphaQE (Radenovic et al. 2018, https://arxiv.org/abs/1711.02512; alpha 3). At 0 it is AQE.

    Neighbours that are not alike, s <= 0, weigh nothing (there are none among vectors without negative numbers, as
    theirs). ValueError for alpha below 0.
    """
    if not alpha >= 0:
        raise ValueError(f"alpha must be 0 or more (0 weighs all alike, 3 in the paper); got {alpha}")

    def weigh(similarity: np.ndarray) -> np.ndarray:
        return np.where(similarity > 0, np.maximum(similarity, 0) ** alpha, 0).astype(similarity.dtype)

    return weigh


def expanded(queries: Any, database: Any, k: int, weigh: Weigh = average) -> np.ndarray:
    """Queries (q, e), each moved towards its `k` nearest of the database (n, e): unit vectors (q, e), float32.

    Both are normalised here; of equal similarities the first in the database is taken. ValueError for k beyond 1..n.
    """
    return _moved(unit(queries), unit(database), k, weigh, itself=False)


def augmented(database: Any, k: int, weigh: Weigh = by_rank) -> np.ndarray:
    """The database (n, e), each vector moved towards its `k` nearest others (Turcot and Lowe 2009; Gordo et al. 2017).

    Unit vectors (n, e), float32, all from the vectors as they came. All n^2 similarities are made, `CELLS` at a time:
    minutes for 100,000. ValueError for k beyond 1..n-1.
    """
    vectors = unit(database)
    return _moved(vectors, vectors, k, weigh, itself=True)


def _moved(queries: np.ndarray, database: np.ndarray, k: int, weigh: Weigh, *, itself: bool) -> np.ndarray:
    """`itself`: the i-th query is the i-th of the database, and no neighbour of its own."""
    if not 1 <= k <= len(database) - itself:
        raise ValueError(f"k neighbours of {len(database) - itself}: choose k from 1 to that, got {k}")
    rows = max(1, CELLS // max(len(database), k * database.shape[1]))
    moved = np.empty_like(queries)
    for first in range(0, len(queries), rows):
        asked = queries[first : first + rows]
        similarity = asked @ database.T
        if itself:
            similarity[np.arange(len(asked)), first + np.arange(len(asked))] = -np.inf
        near = np.stack([top_k(row, k) for row in similarity])
        weights = weigh(np.take_along_axis(similarity, near, axis=1))
        moved[first : first + rows] = asked + np.einsum("rk,rkd->rd", weights, database[near])
    return unit(moved)
