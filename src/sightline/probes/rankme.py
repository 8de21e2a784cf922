r"""RankMe: how many directions a set of vectors really fills (Garrido et al. 2023, https://arxiv.org/abs/2210.02885).

RankMe(Z) = exp(-sum_k p_k ln p_k),   p_k = sigma_k / sum_j sigma_j + 1e-7     (eq. 1-2)

sigma_k are the singular values of the vectors Z (n, d) as they are. It needs no labels, lies between 1 (all on one
line) and min(n, d), and falls to a few when an encoder collapses. Two figures can be compared at equal n and d only,
and n should be at least 4 d: of fewer vectors n is the bound.
"""

from typing import Any

import numpy as np

from sightline.data.array import to_numpy

EPSILON = 1e-7


def rankme(vectors: Any) -> float:
    """RankMe of vectors (n, d). A common offset of all of them counts as one strong direction and lowers it.

    0 where every vector is zero. Raises ValueError for fewer than two vectors, or a value that is not finite.

    >>> round(rankme(np.eye(8)), 3)
    8.0
    """
    return _effective(np.linalg.svd(_checked(vectors), compute_uv=False))


def covariance_rank(vectors: Any) -> float:
    """The same of the eigenvalues of the covariance of vectors (n, d) (Roy and Vetterli 2007): offsets play no part.

    Eigenvalues are squares of singular values, so unevenness weighs more than in `rankme`. 0 where all are equal.
    """
    rows = _checked(vectors)
    return _effective(np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False) ** 2)


def _effective(spectrum: np.ndarray) -> float:
    if not spectrum.sum() > 0:
        return 0.0
    share = spectrum / spectrum.sum() + EPSILON
    return float(np.exp(-(share * np.log(share)).sum()))


def _checked(vectors: Any) -> np.ndarray:
    rows = to_numpy(vectors).astype(np.float64)
    if rows.ndim != 2 or len(rows) < 2:
        raise ValueError(f"an effective rank needs at least two vectors (n, d), got an array of shape {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError(f"{int((~np.isfinite(rows).all(axis=1)).sum())} of {len(rows)} vectors are not finite")
    return rows
