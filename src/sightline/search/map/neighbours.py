"""The k nearest of every vector: exactly for few, within the nearest clusters for many."""

import numpy as np

from sightline.search.alike.groups import SAMPLE

DIRECTIONS = 32
"""principal directions that neighbours are looked for by"""
EXACT = 6000
"""vectors up to which everyone is compared with everyone"""
PROBED = 6
"""nearest clusters in which neighbours are looked for"""
ROUNDS = 4
"""of Lloyd's algorithm: the clusters need be no better"""
BLOCK = 1024


def principal(matrix: np.ndarray, directions: int) -> np.ndarray:
    """float32 (n, k): the centred vectors (n, e) on their first principal directions, each of which points to where its
    largest share is positive; k is at most e."""
    some = matrix[:: max(1, len(matrix) // SAMPLE)].astype(np.float64)
    middle = some.mean(axis=0)
    _, axes = np.linalg.eigh((some - middle).T @ (some - middle))
    axes = axes[:, ::-1][:, :directions]
    axes *= np.where(axes[abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1, 1)
    return np.asarray(matrix, np.float32) @ axes.astype(np.float32) - (middle @ axes).astype(np.float32)


def neighbours(points: np.ndarray, k: int, seed: int = 0) -> np.ndarray:
    """int64 (n, k): for each of the points (n, d) the k others nearest to it, in no order. Of more than `EXACT` about
    nine in ten are the nearest. Needs n > k."""
    n = len(points)
    if n <= EXACT:
        found = [_nearest(points, np.arange(top, min(top + BLOCK, n)), np.arange(n), k) for top in range(0, n, BLOCK)]
        return np.concatenate(found)
    centres, of = _clusters(points, round(n**0.5), seed)
    order = np.argsort(of, kind="stable")
    starts = np.searchsorted(of[order], np.arange(len(centres) + 1))
    members = [order[first:last] for first, last in zip(starts[:-1], starts[1:], strict=True)]
    beside = np.argsort(_distances(centres, centres), axis=1, kind="stable")
    found = np.zeros((n, k), np.int64)
    for cluster, rows in enumerate(members):
        if len(rows):
            others, wide = rows, 1
            while len(others) <= k or wide < PROBED:
                wide += 1
                others = np.concatenate([members[near] for near in beside[cluster, :wide]])
            found[rows] = _nearest(points, rows, others, k)
    return found


def _nearest(points: np.ndarray, rows: np.ndarray, others: np.ndarray, k: int) -> np.ndarray:
    distances = _distances(points[rows], points[others])
    distances[rows[:, None] == others[None]] = np.inf
    return others[np.argpartition(distances, k - 1, axis=1)[:, :k]]


def _clusters(points: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(centres (c, d), the cluster (n,) of each point)."""
    random = np.random.default_rng(seed)
    centres = points[np.sort(random.choice(len(points), count, replace=False))].copy()
    of = np.zeros(len(points), np.int64)
    for _ in range(ROUNDS):
        for top in range(0, len(points), BLOCK):
            of[top : top + BLOCK] = _distances(points[top : top + BLOCK], centres).argmin(axis=1)
        sizes = np.bincount(of, minlength=count)
        sums = np.stack([np.bincount(of, column, minlength=count) for column in points.T], axis=1)
        centres[sizes > 0] = (sums[sizes > 0] / sizes[sizes > 0, None]).astype(points.dtype)
    return centres, of


def _distances(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Squared distances, less what is the same for each row of `some`."""
    return np.einsum("nd,nd->n", others, others)[None] - 2 * (some @ others.T)
