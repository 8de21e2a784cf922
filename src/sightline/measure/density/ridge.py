r"""A linear probe in closed form: ridge regression onto classes, its penalty chosen by leaving every row out once.

W = (X'X + l I)^(-1) X'Y,   prediction = argmax_c (x - mean) W_c + mean(Y)_c

X are centred rows, Y (n, k) ones where a row has a class: one for each of several questions, or several where a picture
shows several. The prediction of a row by all others is  y - (y - Hy) / (1 - h)  with H the hat matrix (Allen 1974), so
all penalties cost one eigendecomposition. (Hoerl and Kennard 1970; as a probe: Beyer et al., big_vision's few-shot
evaluation, there with one penalty for all.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PENALTIES = tuple(10.0**power for power in range(-6, 3))
"""shares of the mean eigenvalue of X'X"""
NOISE = 1e-12
"""of a variance: less is rounding"""


@dataclass(frozen=True, eq=False)
class Ridge:
    """`scores` (m, k) of rows (m, d)."""

    mean: np.ndarray
    weights: np.ndarray
    offset: np.ndarray
    penalty: float

    def scores(self, rows: np.ndarray) -> np.ndarray:
        return (rows - self.mean) @ self.weights + self.offset


def ridge(rows: np.ndarray, targets: np.ndarray, parts: Sequence[slice]) -> Ridge:
    """Fitted on rows (n, d) and targets (n, k) bool; each of `parts` of the columns is one question.

    The penalty is that of the most left-out rows answered rightly, of equals the greatest. Rows that are all equal give
    the class that occurs most, whatever is asked.
    """
    wide, wanted = rows.astype(np.float64), targets.astype(np.float64)
    mean, offset = wide.mean(axis=0), wanted.mean(axis=0)
    centred, apart = wide - mean, wanted - offset
    square, left = _axes(centred)
    if not len(square):
        return Ridge(mean, np.zeros((rows.shape[1], targets.shape[1])), offset, 1.0)
    along = left.T @ apart
    best, chosen = -1.0, 1.0
    for share in PENALTIES[::-1]:
        shrink = square / (square + share * square.mean())
        hat = np.minimum(1 / len(rows) + (left**2) @ shrink, 1 - 1e-9)
        left_out = apart - (apart - left @ (shrink[:, None] * along)) / (1 - hat)[:, None]
        right = float(hits(left_out + offset, targets, parts).mean())
        if right > best:
            best, chosen = right, share
    penalty = chosen * float(square.mean())
    return Ridge(mean, centred.T @ (left @ (along / (square + penalty)[:, None])), offset, penalty)


def hits(scores: np.ndarray, targets: np.ndarray, parts: Sequence[slice]) -> np.ndarray:
    """(n, parts) bool: whether the greatest score of each part is of one of the row's own classes."""
    rows = np.arange(len(scores))
    return np.stack([targets[:, part][rows, scores[:, part].argmax(axis=1)] for part in parts], axis=1).astype(bool)


def by_luck(scores: np.ndarray, targets: np.ndarray, parts: Sequence[slice]) -> np.ndarray:
    """(parts,): the expected share of hits when the same answers are dealt to the rows (n, k) in any order.

    sum_c (share of answers that are c) (share of rows that have c), the chance in Cohen's kappa (1960): of a constant
    answer exactly its hits.
    """
    found = []
    for part in parts:
        given = np.bincount(scores[:, part].argmax(axis=1), minlength=part.stop - part.start) / len(scores)
        found.append(float(given @ targets[:, part].mean(axis=0)))
    return np.array(found)


def _axes(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (r,) of X'X and the left singular vectors (n, r); directions that are rounding alone are left out."""
    floor = NOISE * len(centred)
    if len(centred) <= centred.shape[1]:
        square, left = np.linalg.eigh(centred @ centred.T)
        kept = square > max(floor, 1e-10 * square[-1])
        return square[kept], left[:, kept]
    square, right = np.linalg.eigh(centred.T @ centred)
    kept = square > max(floor, 1e-10 * square[-1])
    return square[kept], centred @ right[:, kept] / np.sqrt(square[kept])
