"""The draws of one operation for one batch."""

from dataclasses import dataclass, replace

import numpy as np

from sightline.data.draw import uniform


@dataclass(frozen=True, slots=True)
class Draws:
    """Uniform numbers named by (seed, step, sample, scope, name); numpy, so that choices cost a device no waiting."""

    seed: int
    step: int
    index: np.ndarray
    """(b,) int64 sample indices"""
    scope: str = ""
    everyone: np.ndarray | None = None
    """(m,) the indices of the whole batch, for what a batch keeps together; None: mine are all of it"""
    first: int = 0
    """where mine begin among everyone's"""

    def within(self, scope: str) -> "Draws":
        """The draws of a part of the pipeline, independent of every other part's."""
        return replace(self, scope=f"{self.scope}/{scope}")

    def uniform(self, name: str, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """(b,) float64 in [low, high)."""
        return self.many(name, 1, low, high)[:, 0]

    def many(self, name: str, n: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """(b, n) float64 in [low, high)."""
        return low + (high - low) * uniform(self.seed, self.step, self.index, f"{self.scope}/{name}", n)

    def chance(self, name: str, p: float) -> np.ndarray:
        """(b,) bool, each true with probability p."""
        return self.uniform(name) < p

    def rank(self, name: str) -> tuple[np.ndarray, int]:
        """((b,) the place of each of my samples in a random order of the whole batch, the size of that batch)."""
        whole = self.index if self.everyone is None else self.everyone
        drawn = replace(self, index=whole).uniform(name)
        places = np.argsort(np.argsort(drawn, kind="stable"), kind="stable")
        return places[self.first :][: len(self.index)], len(whole)

    def shared(self, name: str, n: int) -> np.ndarray:
        """(n,) float64 in [0, 1) for the step as a whole, the same on every rank."""
        return uniform(self.seed, self.step, np.array([-1]), f"{self.scope}/{name}", n)[0]
