"""Cosines between features, and what is nearest, where equal ones help nobody."""

import numpy as np

DIGITS = 6
"""cosines of float32 features that differ by less than this many decimals are equal"""


def units(vectors: np.ndarray) -> np.ndarray:
    """Rows (..., d) of length 1, float64; a row of nothing stays nothing."""
    rows = vectors.astype(np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n, m) of units (n, d) and (m, d), rounded so that equal ones are equal."""
    return np.round(one @ other.T, DIGITS)


def first(right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """How far the right one (n,) is nearest among the wrong ones (n, m): 1, or 0, or a share of 1 where equals are."""
    better = (wrong > right[:, None]).any(1)
    return np.where(better, 0.0, 1 / (1 + (wrong == right[:, None]).sum(1)))


def agreement(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n,) probability that the greatest of rows (n, k) are the same column, where equals are drawn among by lot."""
    best = [rows == rows.max(1, keepdims=True) for rows in (one, other)]
    return (best[0] & best[1]).sum(1) / (best[0].sum(1) * best[1].sum(1))


def normalised(sums: np.ndarray) -> np.ndarray:
    """(c - r) / (1 - r) of summed rows (r, 3): cosines c, cosines of different things r, and how many were summed.

    0 where different things are not told apart at all (representation.md G.6: a constant encoder).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        same, apart = sums[:, 0] / sums[:, 2], sums[:, 1] / sums[:, 2]
        return np.where(1 - apart > 10.0**-DIGITS, (same - apart) / (1 - apart), np.where(sums[:, 2] > 0, 0.0, np.nan))


def others(square: np.ndarray) -> np.ndarray:
    """Means (n,) of the rows of (n, n) without their own column."""
    n = len(square)
    return (square.sum(1) - np.diag(square)) / max(1, n - 1)
