"""Which vectors of one picture go with which of another: nearest to each other, and clearly nearer than the next."""

import numpy as np

RATIO = 0.9
"""ours: on a room filmed at 240 px, 0.8 and 0.9 do as well for SIFT, and of patches 0.8 leaves too few"""
BLOCK = 2**24
"""cosines in memory at a time"""


def mutual(one: np.ndarray, other: np.ndarray, ratio: float = RATIO) -> np.ndarray:
    """(k, 2) numbers of unit vectors (n, d) and (m, d), by rising first number: j is the nearest of i, i that of j, and

        |x_i - y_j| < ratio |x_i - y_second|        (Lowe 2004, section 7.1; distances, not their squares)

    A ratio of 1 asks nothing. Of equally near ones the first is taken; below 1 they are told apart by none.
    """
    check_ratio(ratio)
    if not len(one) or not len(other):
        return np.zeros((0, 2), np.int64)
    forth = np.empty(len(one), np.int64)
    clear = np.ones(len(one), bool)
    back, best = np.zeros(len(other), np.int64), np.full(len(other), -np.inf, np.float32)
    step = max(1, BLOCK // len(other))
    for start in range(0, len(one), step):
        cosines = one[start : start + step] @ other.T
        rows = np.arange(len(cosines))
        highest = cosines.max(axis=0)
        better = highest > best
        back[better], best[better] = cosines.argmax(axis=0)[better] + start, highest[better]
        near = cosines.argmax(axis=1)
        first = _distance(cosines[rows, near])
        forth[start : start + step] = near
        if ratio < 1 and len(other) > 1:
            cosines[rows, near] = -np.inf
            clear[start : start + step] = first < ratio * _distance(cosines.max(axis=1))
    kept = np.flatnonzero((back[forth] == np.arange(len(one))) & clear)
    return np.stack([kept, forth[kept]], axis=1)


def check_ratio(ratio: float) -> None:
    if not 0 < ratio <= 1:
        raise ValueError(f"the ratio is {ratio}; expected above 0 and at most 1, where 1 asks nothing (Lowe: 0.8)")


def _distance(cosines: np.ndarray) -> np.ndarray:
    """Euclidean, of unit vectors."""
    return np.sqrt(np.maximum(2 - 2 * cosines, 0))
