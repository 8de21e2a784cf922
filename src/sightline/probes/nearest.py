"""The k best of a row of scores, in an order that never depends on the machine."""

import numpy as np


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Indices of the `k` greatest of `scores` (n,), best first; equal scores go by the smaller index.

    Linear in n: one partition finds the k-th score, only the winners are sorted. `argpartition` alone would choose
    among equal scores at the edge as it likes.

    >>> top_k(np.array([0.1, 0.9, 0.5, 0.9, 0.5]), 3).tolist()
    [1, 3, 2]
    """
    k = min(k, len(scores))
    if k <= 0:
        return np.zeros(0, dtype=np.int64)
    edge = np.partition(scores, len(scores) - k)[len(scores) - k]
    above = np.flatnonzero(scores > edge)
    level = np.flatnonzero(scores == edge)[: k - len(above)]
    chosen = np.concatenate([above, level])
    return chosen[np.lexsort((chosen, -scores[chosen]))]
