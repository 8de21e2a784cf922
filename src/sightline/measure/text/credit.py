"""Who is nearest to whom, and what a tie is worth: never more than drawing lots."""

from collections.abc import Sequence
from functools import cache
from itertools import permutations

import numpy as np

from sightline.data.array import unit
from sightline.data.draw import seed_of

WIDTH = 256
"""of the perfect vector of a meaning: two of them are all but orthogonal"""


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, m) float32 of rows (n, d) and (m, d): products in float64, so that equal vectors tie wherever they stand."""
    return (unit(a).astype(np.float64) @ unit(b).astype(np.float64).T).astype(np.float32)


def paired(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) float32: the cosine of each row of a (n, d) with the row of b (n, d) beside it."""
    return (unit(a).astype(np.float64) * unit(b)).sum(axis=1).astype(np.float32)


def first(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(n,) the chance that a best one of `scores` (n, k), drawn by lot among equals, is `right` (n, k) bool."""
    best = scores == scores.max(axis=1, keepdims=True)
    return (best & right).sum(axis=1) / best.sum(axis=1)


def chosen(scores: Sequence[np.ndarray]) -> np.ndarray:
    """(n,) `first` where candidate 0 of each row's own number of candidates is the right one."""
    return np.array([float(row[0] == row.max()) / (row == row.max()).sum() for row in scores])


def winoground(table: np.ndarray) -> np.ndarray:
    """Text, image and group score (n, 3) of similarities (n, 2, 2), [picture, text] (Thrush et al. 2022, eq. 1 to 3).

    text: each picture prefers its own text; image: each text its own picture; group: both. Where cells are equal the
    scores are the mean over all ways to break the tie, so that a constant gets chance: 1/4, 1/4, 1/6.
    """
    cells = table.reshape(-1, 4)
    made = np.zeros((len(cells), 3))
    for order in _orders():
        more = lambda i, j, lot=order: (cells[:, i] > cells[:, j]) | ((cells[:, i] == cells[:, j]) & (lot[i] > lot[j]))  # noqa: E731
        text, image = more(0, 1) & more(3, 2), more(0, 2) & more(3, 1)
        made += np.stack([text, image, text & image], axis=1)
    return made / len(_orders())


@cache
def _orders() -> tuple[tuple[int, ...], ...]:
    return tuple(permutations(range(4)))


def meanings(words: Sequence[str]) -> np.ndarray:
    """(n, WIDTH) float32: what a perfect encoder would make of texts that mean `words`; a function of each word."""
    known = {word: np.random.default_rng(seed_of("meaning", word)).normal(size=WIDTH) for word in dict.fromkeys(words)}
    made = np.array([known[word] for word in words]).reshape(len(words), WIDTH)
    return unit(made)
