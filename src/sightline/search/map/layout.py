"""Points in many directions laid out in two, so that neighbours stay neighbours: t-SNE in numpy.

t-SNE (van der Maaten, Hinton 2008, https://jmlr.org/papers/v9/vandermaaten08a.html) moves y against the gradient

    4 sum_j (p_ij - w_ij / Z) w_ij (y_i - y_j),   w_ij = 1 / (1 + |y_i - y_j|^2),   Z = sum of all w_kl, k != l.

p is the same for all K nearest, which gives about the picture of the usual perplexities (Boehm, Berens, Kobak 2022,
https://arxiv.org/abs/2007.08902). The sum over all pairs is a convolution of the density of the points, done on a grid
by FFT (Linderman and others 2019, https://arxiv.org/abs/1712.09005), with linear interpolation to and from it; of few
points all pairs are gone through. It starts from the first two principal directions and learns at n / 12 (Kobak, Berens
2019, Belkina and others 2019). Nothing is drawn but by `seed`.
"""

from collections.abc import Callable

import numpy as np

from sightline.search.map.neighbours import DIRECTIONS, neighbours, principal

K = 15
"""neighbours that attract"""
EARLY, STEPS = 100, 400
"""steps with attraction exaggerated, and all"""
EXAGGERATION = 12.0
PAIRS = 600
"""points of which all pairs are gone through: no slower than the grid"""
START = 1e-4
"""deviation of the first direction at the start"""
CELLS = 768
"""of the grid at most, a side"""
FINE = 0.3
"""the least side of a cell, in the units in which w falls to a half at 1"""
GROW = 1.25
"""how much wider than the points the grid is made, so that it serves for many steps"""


def layout(
    matrix: np.ndarray, seed: int = 0, steps: int = STEPS, progress: Callable[[float], None] = lambda share: None
) -> np.ndarray:
    """float32 (n, 2), in [-1, 1]: where each of the vectors (n, e) lies. The same vectors and seed give the same map on
    the same machine. 100,000 take about two minutes of one core."""
    n = len(matrix)
    if n == 0:
        return np.zeros((0, 2), np.float32)
    turned = principal(matrix, DIRECTIONS)
    start = np.zeros((n, 2))
    start[:, : turned.shape[1]] = turned[:, :2]
    # equal vectors start apart, else nothing would ever part them
    start += np.random.default_rng(seed).normal(0, 0.01 * max(float(start.std()), 1e-9), start.shape)
    if n <= 3:
        return framed(start)
    one, other, p = attractions(neighbours(turned, min(K, n - 1), seed), n)
    y = START * (start - start.mean(axis=0)) / max(float(start[:, 0].std()), 1e-12)
    speed, grid = np.zeros_like(y), Grid()
    for step in range(steps):
        early = step < EARLY
        between = y[one] - y[other]
        pull = (EXAGGERATION if early else 1.0) * p / (1 + np.einsum("ed,ed->e", between, between))
        moved = pull[:, None] * between
        gradient = np.stack([np.bincount(one, moved[:, d], n) - np.bincount(other, moved[:, d], n) for d in (0, 1)], 1)
        push, total = all_pairs(y) if n <= PAIRS else grid.repulsion(y)
        gradient -= push / total
        speed = (0.5 if early else 0.8) * speed - n / EXAGGERATION * 4 * gradient
        # in few steps a lone point may be thrown far out: none moves farther than the map is wide
        y += np.clip(speed, -5.0, 5.0)
        y -= y.mean(axis=0)
        progress((step + 1) / steps)
    return framed(y)


def attractions(near: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(one (m,), other (m,), p (m,)) of each pair one < other of which at least one is among the other's nearest.

    `near` is (n, k); 2 p sums to 1 over all.
    """
    k = near.shape[1]
    pairs = np.stack([np.repeat(np.arange(n), k), near.ravel()], axis=1)
    pairs.sort(axis=1)
    numbers, counts = np.unique(pairs[:, 0] * n + pairs[:, 1], return_counts=True)
    return numbers // n, numbers % n, counts / (2 * n * k)


def all_pairs(y: np.ndarray) -> tuple[np.ndarray, float]:
    """(sum_j w_ij^2 (y_i - y_j) of each point (n, 2), Z)."""
    between = y[:, None] - y[None]
    w = 1 / (1 + np.einsum("ijd,ijd->ij", between, between))
    return np.einsum("ij,ijd->id", w**2, between), max(float(w.sum()) - len(y), 1e-12)


class Grid:
    """`all_pairs` nearly, by FFT; the kernels are made anew when the points have outgrown their grid."""

    def __init__(self) -> None:
        self.cells, self.side = 0, 0.0

    def repulsion(self, y: np.ndarray) -> tuple[np.ndarray, float]:
        """As `all_pairs`."""
        low, span = y.min(axis=0), float(np.ptp(y, axis=0).max())
        if not self.cells or span > (self.cells - 2) * self.side or span * GROW**4 < (self.cells - 2) * self.side:
            self._make(max(span, 1.0) * GROW)
        at = (y - low) / self.side
        corner = np.minimum(at.astype(np.int64), self.cells - 2)
        part = at - corner
        numbers = [(corner[:, 0] + i) * self.cells + corner[:, 1] + j for i in (0, 1) for j in (0, 1)]
        shares = [abs(1 - i - part[:, 0]) * abs(1 - j - part[:, 1]) for i in (0, 1) for j in (0, 1)]
        density = sum(np.bincount(n, s, self.cells**2) for n, s in zip(numbers, shares, strict=True))
        seen = np.fft.rfft2(np.asarray(density).reshape(self.cells, self.cells), (2 * self.cells, 2 * self.cells))
        found = []
        for kernel in self.kernels:
            field = np.fft.irfft2(seen * kernel, (2 * self.cells, 2 * self.cells))
            field = field[: self.cells, : self.cells].ravel()
            found.append(sum(s * field[n] for n, s in zip(numbers, shares, strict=True)))
        z, x_push, y_push = (np.asarray(one) for one in found)
        # what interpolation makes of a point itself
        alone = float(np.mean(sum(s * t * self._near(a, b) for (a, s), (b, t) in _pairs(numbers, shares))))
        return np.stack([x_push, y_push], axis=1), max(float(z.sum()) - len(y) * alone, 1e-12)

    def _near(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """w between two corners of a cell."""
        apart = (a // self.cells - b // self.cells) ** 2 + (a % self.cells - b % self.cells) ** 2
        return 1 / (1 + apart * self.side**2)

    def _make(self, span: float) -> None:
        self.cells = int(np.clip(np.ceil(span / FINE), 64, CELLS))
        self.side = span / (self.cells - 2)
        away = np.minimum(np.arange(2 * self.cells), 2 * self.cells - np.arange(2 * self.cells)) * self.side
        signed = np.where(np.arange(2 * self.cells) < self.cells, away, -away)
        w = 1 / (1 + away[:, None] ** 2 + away[None] ** 2)
        kernels = w, w**2 * signed[:, None], w**2 * signed[None]
        self.kernels = [np.fft.rfft2(kernel) for kernel in kernels]


def _pairs(numbers: list[np.ndarray], shares: list[np.ndarray]) -> list:
    corners = list(zip(numbers, shares, strict=True))
    return [(a, b) for a in corners for b in corners]


def framed(y: np.ndarray) -> np.ndarray:
    """float32 (n, 2): in the middle of [-1, 1], as large as fits."""
    low, high = y.min(axis=0), y.max(axis=0)
    return ((2 * y - low - high) / max(float((high - low).max()), 1e-12)).astype(np.float32)
