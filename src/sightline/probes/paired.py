"""Is one encoder better than another on the same items? Differences item by item, with their uncertainty.

Two accuracies of the same test pictures share most of their luck: the error of their difference is taken from the
differences themselves, not from the two errors. Items that come in families (eight drawings of one concept) are drawn
by family, or the interval would be too narrow.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from sightline.data.array import to_numpy

ROWS = 64
"""resamples made at a time: memory is ROWS x families"""


@dataclass(frozen=True, slots=True)
class Difference:
    """mean_i (a_i - b_i) over `n` items, and the standard error of that mean."""

    value: float
    error: float
    n: int

    @property
    def errors(self) -> float:
        """The difference in standard errors; infinite where every item says the same, 0 where all are equal."""
        if self.error > 0:
            return self.value / self.error
        return 0.0 if self.value == 0 else float("inf") if self.value > 0 else float("-inf")


def standard_error(accuracy: float, n: int) -> float:
    """sqrt(a (1 - a) / n), of the share `accuracy` of `n` items.

    >>> round(standard_error(0.5, 10_000), 4)
    0.005
    """
    return sqrt(accuracy * (1 - accuracy) / n)


def paired(a: Any, b: Any) -> Difference:
    """Scores or hits (n,) of two encoders on the same n items, in the same order."""
    apart = _apart(a, b)
    return Difference(float(apart.mean()), float(apart.std(ddof=1) / sqrt(len(apart))), len(apart))


def interval(
    a: Any, b: Any, *, family: Any | None = None, share: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """The middle `share` of mean(a - b) over items drawn again with replacement (Efron's percentile bootstrap).

    `a`, `b` (n,) as for `paired`; `family` (n,) names the items that are drawn together, None draws each by itself.
    The claim that a is better needs an interval above 0.
    """
    apart = _apart(a, b)
    _, member = np.unique(np.arange(len(apart)) if family is None else to_numpy(family), return_inverse=True)
    if len(member) != len(apart):
        raise ValueError(f"{len(apart)} items came with {len(member)} families; give one each")
    total, count = np.bincount(member, apart), np.bincount(member)
    rng, means = np.random.default_rng(seed), np.empty(resamples)
    for first in range(0, resamples, ROWS):
        drawn = rng.integers(0, len(total), (min(ROWS, resamples - first), len(total)))
        means[first : first + len(drawn)] = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def _apart(a: Any, b: Any) -> np.ndarray:
    one, other = to_numpy(a).astype(np.float64), to_numpy(b).astype(np.float64)
    if one.ndim != 1 or one.shape != other.shape or len(one) < 2:
        raise ValueError(
            f"paired scores are of the same items, at least two of them; got shapes {one.shape} and {other.shape}"
        )
    return one - other
