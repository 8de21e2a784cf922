"""Whitening: directions in which vectors differ for no reason are made short.

    y = P^T (x - mu) / || . ||

`pca` makes all directions of a set equally long. `from_pairs` learns from pairs that match which differences mean
nothing (Mikolajczyk and Matas 2007; Radenovic et al. 2018, https://arxiv.org/abs/1711.02512).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sightline.data.array import to_numpy, unit

FLOOR = 1e-10
"""of the greatest variance: below it is what float32 vectors cannot tell from none"""


@dataclass(frozen=True, eq=False)
class Whitening:
    """A map of vectors (n, d) to unit vectors (n, k), float32."""

    mean: np.ndarray
    """(d,)"""
    matrix: np.ndarray
    """(d, k), the columns that tell most first"""

    def __call__(self, vectors: Any) -> np.ndarray:
        """ValueError for vectors of another width, or not finite."""
        rows = _finite(vectors)
        if rows.shape[1] != len(self.mean):
            raise ValueError(f"this whitening was learnt from vectors of {len(self.mean)} numbers; got {rows.shape[1]}")
        return unit((rows - self.mean) @ self.matrix)


def pca(vectors: Any, dims: int | None = None) -> Whitening:
    """P = V diag(lambda)^-1/2 of the covariance of `vectors` (n, d), the `dims` greatest (None: all there are).

    ValueError where the vectors vary in fewer directions than `dims`.
    """
    rows = _finite(vectors)
    mean = rows.mean(axis=0)
    values, axes = _eigen((rows - mean).T @ (rows - mean) / len(rows))
    rank = _rank(values)
    kept = rank if dims is None else dims
    if not 1 <= kept <= rank:
        raise ValueError(f"{len(rows)} vectors vary in {rank} of {rows.shape[1]} directions; dims={kept} cannot be had")
    return Whitening(mean, axes[:, :kept] / np.sqrt(values[:kept]))


def from_pairs(
    vectors: Any, pairs: Any, others: Any | None = None, *, dims: int | None = None, ridge: float = 0.0
) -> Whitening:
    """P = C_S^-1/2 eig(C_S^-1/2 C_D C_S^-1/2), the `dims` greatest, C the sum of (x_i - x_j)(x_i - x_j)^T over pairs:

    C_S over `pairs` (m, 2), places in `vectors` (n, d) of pictures that match, C_D over `others` (p, 2) that do not.
    Without `others`, C_D is over all pairs, which is 2 n times the covariance: what Radenovic's code takes, and nearly
    the same where few of all pairs match. mu is the mean of all vectors (his: of the first of each pair).

    C_S has to be of full rank, so at least d pairs are needed; `ridge` adds that share of its mean variance to every
    direction (ours; 0.1 for few pairs). ValueError for pairs that are none, fewer directions than d without a ridge, or
    `dims` beyond what C_D has.
    """
    rows = _finite(vectors)
    count, width = rows.shape
    mean = rows.mean(axis=0)
    same = _scatter(rows, pairs, "pairs")
    apart = (rows - mean).T @ (rows - mean) / count if others is None else _scatter(rows, others, "others")
    values, axes = _eigen(same)
    rank = _rank(values)
    if not rank:
        raise ValueError(f"the {len(pairs)} matching pairs are of equal vectors: nothing can be learnt from them")
    if ridge < 0:
        raise ValueError(f"ridge is a share of variance, 0 or more; got {ridge}")
    if rank < width and not ridge:
        raise ValueError(
            f"{len(pairs)} matching pairs differ in {rank} of {width} directions: give more pairs, or ridge=0.1, or "
            "make the vectors shorter by pca first"
        )
    root = axes / np.sqrt(np.maximum(values, 0) + ridge * values.mean()) @ axes.T
    told, turned = _eigen(root @ apart @ root)
    known = _rank(told)
    kept = known if dims is None else dims
    if not 1 <= kept <= known:
        raise ValueError(f"pairs that do not match differ in {known} of {width} directions; dims={kept} cannot be had")
    return Whitening(mean, root @ turned[:, :kept])


def matching(labels: Any) -> np.ndarray:
    """All pairs (m, 2) i < j of equal labels (n,): for `from_pairs`."""
    known = to_numpy(labels)
    members = [np.flatnonzero(known == label) for label in np.unique(known)]
    pairs = [at[np.stack(np.triu_indices(len(at), 1), 1)] for at in members]
    return np.concatenate(pairs) if pairs else np.zeros((0, 2), np.int64)


def _scatter(rows: np.ndarray, pairs: Any, name: str) -> np.ndarray:
    at = to_numpy(pairs)
    if at.ndim != 2 or at.shape[1] != 2 or not len(at):
        raise ValueError(f"{name} are places of two vectors each, (m, 2) with m at least 1; got shape {at.shape}")
    at = at.astype(np.int64)
    if at.min() < 0 or at.max() >= len(rows):
        raise ValueError(f"{name} name vector {at.min() if at.min() < 0 else at.max()}; there are 0 to {len(rows) - 1}")
    apart = rows[at[:, 0]] - rows[at[:, 1]]
    return apart.T @ apart / len(at)


def _eigen(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (d,), greatest first, and vectors (d, d), each with its largest number positive: one answer only."""
    values, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    values, axes = values[::-1], axes[:, ::-1]
    sign = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return values, axes * sign


def _rank(values: np.ndarray) -> int:
    return int((values > FLOOR * max(float(values[0]), 1e-30)).sum())


def _finite(vectors: Any) -> np.ndarray:
    rows = to_numpy(vectors).astype(np.float64)
    if rows.ndim != 2 or len(rows) < 1:
        raise ValueError(f"vectors are rows (n, d), at least one; got shape {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError(f"vector {int(np.argmin(np.isfinite(rows).all(axis=1)))} is not finite")
    return rows
