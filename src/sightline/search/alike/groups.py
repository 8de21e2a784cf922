"""Groups of vectors that are alike: each member's cosine to the first of its group is at least a threshold.

In their order: who is near enough to one that leads already joins the first such, else leads a group of its own. So a
chain of small steps makes no group of what is unlike. Exact, without looking at every pair in full: turned onto its
first k principal directions, x becomes (x', rest), and by Cauchy and Schwarz

    cos(x, y) = x'.y' + rest.rest <= x'.y' + |rest x| |rest y|,

which is one product of k + 1 numbers. Only pairs whose bound reaches the threshold are compared in full.
"""

from collections.abc import Callable

import numpy as np

from sightline.search.rank.fold import ALIKE

LOOK = ALIKE
"""cosine from which pictures look alike, where nobody says otherwise: that by which answers are folded"""
DIRECTIONS = 24
"""k: with more, the bound is closer and dearer"""
SAMPLE = 4096
"""vectors that the directions are taken from"""
BLOCK = 512
"""rows compared at once, with as many columns: a megabyte of bounds stays in the cache; of 512, 1024 and 2048 the
quickest at 20,000 vectors"""
TOGETHER = 1 << 14
"""pairs compared in full at once"""
SLACK = 1e-5
"""of the bound, which float32 rounds"""


def leaders(
    matrix: np.ndarray, least: float = LOOK, progress: Callable[[float], None] = lambda share: None
) -> np.ndarray:
    """int64 (n,): for each of the unit vectors (n, e) the row that leads its group, its own where it leads.

    `progress` is told the share that is done. ValueError for a threshold that is none.
    """
    if not -1 <= least <= 1.001:
        raise ValueError(f"a cosine lies between -1 and 1; got {least}")
    n = len(matrix)
    lead = np.full(n, -1)
    short = bounded(matrix)
    for top in range(0, n, BLOCK):
        rows = np.arange(top, min(top + BLOCK, n))
        rows = rows[lead[rows] < 0]
        if len(rows):
            new = _within(matrix, rows, lead, least)
            later = np.arange(rows[-1] + 1, n)
            _claim(matrix, short, new, later[lead[later] < 0], lead, least)
        progress(1 - (1 - min(1.0, (top + BLOCK) / n)) ** 2)
    return lead


def bounded(matrix: np.ndarray, directions: int = DIRECTIONS) -> np.ndarray:
    """float32 (n, k + 1): the vectors (n, e) on their first principal directions, then the length of what is left of
    each. The product of two is no less than their cosine, but for rounding."""
    matrix = np.asarray(matrix, np.float32)
    if not matrix.size:
        return np.zeros((len(matrix), 1), np.float32)
    some = matrix[:: max(1, len(matrix) // SAMPLE)].astype(np.float64)
    _, axes = np.linalg.eigh(some.T @ some)
    turned = matrix @ np.ascontiguousarray(axes[:, ::-1][:, :directions].astype(np.float32))
    whole = np.einsum("ne,ne->n", matrix, matrix)
    rest = np.sqrt(np.maximum(whole - np.einsum("nk,nk->n", turned, turned), 0))
    return np.ascontiguousarray(np.concatenate([turned, rest[:, None]], axis=1, dtype=np.float32))


def _within(matrix: np.ndarray, rows: np.ndarray, lead: np.ndarray, least: float) -> np.ndarray:
    """Gives each of a few rows its leader among them; those that lead."""
    near = matrix[rows] @ matrix[rows].T >= least
    new = []
    for at, row in enumerate(rows):
        if lead[row] < 0:
            lead[row] = row
            new.append(row)
            others = rows[at + 1 :][near[at, at + 1 :]]
            lead[others[lead[others] < 0]] = row
    return np.array(new, np.int64)


def _claim(
    matrix: np.ndarray, short: np.ndarray, new: np.ndarray, free: np.ndarray, lead: np.ndarray, least: float
) -> None:
    """Gives each of the rows that are `free` the first of the `new` leaders that it is near enough to, if there is
    one."""
    mine = short[new]
    for left in range(0, len(free), BLOCK):
        some = free[left : left + BLOCK]
        bound = mine @ short[some].T
        # of a row of bytes: many times as fast as of two dimensions
        at = np.flatnonzero((bound >= least - SLACK).ravel())
        for first in range(0, len(at), TOGETHER):
            i, j = np.divmod(at[first : first + TOGETHER], len(some))
            near = np.einsum("pe,pe->p", matrix[new[i]], matrix[some[j]]) >= least
            # leaders come in order, so that of several the first one stays
            i, j = i[near], j[near]
            j, once = np.unique(j, return_index=True)
            open_ = lead[some[j]] < 0
            lead[some[j[open_]]] = new[i[once[open_]]]
