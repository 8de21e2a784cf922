"""Ridge regression in closed form, its penalty chosen on pictures held out: the linear probe of this room.

min_W ||X W - Y||^2 + penalty ||W||^2,  X standardised by what was fitted on
"""

from collections.abc import Callable

import numpy as np

PENALTIES = tuple(10.0**power for power in range(-1, 6))


class Ridge:
    """`fit(x, y, picture)`, then `predict(x)`. Without a bias where `centred` is False: odd targets of differences."""

    def __init__(self, *, centred: bool = True) -> None:
        self.centred = centred
        self.weights = np.zeros((0, 0))

    def fit(self, x: np.ndarray, y: np.ndarray, picture: np.ndarray) -> "Ridge":
        """x (n, d), y (n, k), and the picture of each row: every third one chooses the penalty. Returns itself."""
        held = picture % 3 == 0
        if held.all() or not held.any():
            held = np.arange(len(x)) % 3 == 0
        errors = []
        solve = self._system(x[~held], y[~held])
        for penalty in PENALTIES:
            solve(penalty)
            errors.append(float(((self.predict(x[held]) - y[held]) ** 2).sum()))
        best = min(range(len(PENALTIES)), key=lambda at: (errors[at], -at))
        self._system(x, y)(PENALTIES[best])
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return ((x - self.mean) / self.deviation) @ self.weights + self.level

    def _system(self, x: np.ndarray, y: np.ndarray) -> Callable[[float], None]:
        x, y = x.astype(np.float64), y.astype(np.float64)
        zero = np.zeros(x.shape[1])
        self.mean = x.mean(axis=0) if self.centred else zero
        spread = np.sqrt(((x - self.mean) ** 2).mean(axis=0))
        self.deviation = np.where(spread > 1e-6 * max(1.0, float(np.abs(x).max(initial=0))), spread, 1)
        self.level = y.mean(axis=0) if self.centred else np.zeros(y.shape[1])
        rows = (x - self.mean) / self.deviation
        values, axes = np.linalg.eigh(rows.T @ rows)
        slope = axes.T @ (rows.T @ (y - self.level))

        def solve(penalty: float) -> None:
            self.weights = axes @ (slope / (np.maximum(values, 0) + penalty)[:, None])

        return solve


def placeless(tokens: np.ndarray, learnt: np.ndarray) -> np.ndarray:
    """Tokens (n, gy, gx, d) less the mean of their place over `learnt` (m, gy, gx, d), float64: a code of positions
    that is added to what is there says nothing any more. What is left of rounding is set to 0."""
    mean = learnt.astype(np.float64).mean(axis=0)
    left = tokens.astype(np.float64) - mean
    return np.where(np.abs(left) > 1e-5 * max(1e-12, float(np.abs(mean).max())), left, 0)
