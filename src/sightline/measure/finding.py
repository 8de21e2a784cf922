"""What one metric says of one encoder: a statistic of items, its chance and its bound, and from these a score.

    s = clip((m - m0) / (m1 - m0), 0, 1)

m the value, m0 chance, m1 bound; the same for "lower is better", where m0 > m1. Every statistic can be taken of items
drawn again (`over`), so intervals, differences between encoders on identical items, and values within a domain are one
operation. All encoders see the same draws: differences are paired.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Protocol, runtime_checkable

import numpy as np

from sightline.data.draw import seed_of

RESAMPLES = 1000
COSTLY = 200
"""resamples of statistics that are no sum over items"""
PROPERTIES = ("density", "similarity", "text", "localization", "spatial")


@runtime_checkable
class Statistic(Protocol):
    """A number of n items that can be taken of any selection of them."""

    @property
    def n(self) -> int: ...

    def over(self, counts: np.ndarray) -> np.ndarray:
        """Values (r,) float64 where item i is there counts[:, i] times; counts (r, n). NaN where nothing is left."""
        ...


@dataclass(frozen=True, eq=False)
class MeanOf:
    """sum_i w_i x_i / sum_i w_i of items (n,); weights are 1 where none are given."""

    items: np.ndarray
    weights: np.ndarray | None = None

    @property
    def n(self) -> int:
        return len(self.items)

    def over(self, counts: np.ndarray) -> np.ndarray:
        weights = np.ones(self.n) if self.weights is None else self.weights.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            return (counts @ (self.items.astype(np.float64) * weights)) / (counts @ weights)


@dataclass(frozen=True, eq=False)
class Summed:
    """of(sum_i rows_i): mIoU of summed confusions, R2 of summed squares. `of` takes (r, ...) to (r,)."""

    rows: np.ndarray
    """(n, ...)"""
    of: Callable[[np.ndarray], np.ndarray]

    @property
    def n(self) -> int:
        return len(self.rows)

    def over(self, counts: np.ndarray) -> np.ndarray:
        flat = self.rows.reshape(self.n, -1).astype(np.float64)
        return self.of((counts @ flat).reshape(len(counts), *self.rows.shape[1:]))


@dataclass(frozen=True, eq=False)
class Computed:
    """function(index) of the items at `index`, repeated as drawn; of many resamples only `COSTLY` are computed."""

    n: int
    function: Callable[[np.ndarray], float]

    def over(self, counts: np.ndarray) -> np.ndarray:
        few = counts[:COSTLY].astype(int)
        return np.resize([self.function(np.repeat(np.arange(self.n), row)) for row in few], len(counts))


@dataclass(frozen=True, eq=False, kw_only=True)
class Finding:
    """One metric of one encoder. `value` is the statistic of all items."""

    metric: str
    statistic: Statistic
    chance: float
    chance_kind: str
    """"analytic", "shuffled", "majority", ...: what the chance was taken from"""
    bound: float
    bound_kind: str
    """"labels", "patch grid", ..."""
    scored: bool = True
    """whether it enters its property's score; a diagnostic is only told"""
    caps: bool = False
    """whether the property's score cannot exceed this one's"""
    items: str = ""
    """names the items: findings with equal names are of the same items, and drawn alike"""
    family: Sequence[Any] | np.ndarray | None = None
    """(n,) what items share their luck with: drawn together"""
    domain: Sequence[str] | np.ndarray | None = None
    """(n,) the domain of the source each item is of"""
    protocol: Mapping[str, Any] = field(default_factory=dict)
    """what must be equal for two values to stand side by side: k, temperature, templates, level"""
    notes: tuple[str, ...] = ()

    @cached_property
    def value(self) -> float:
        return float(self.statistic.over(np.ones((1, self.statistic.n)))[0])

    @cached_property
    def score(self) -> float:
        return float(self.scaled(np.array([self.value]))[0])

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Scores in [0, 1] of values (r,); 0 where the bound is no better than chance, or nothing could be measured."""
        span = self.bound - self.chance
        if not np.isfinite(span) or abs(span) < 1e-12:
            return np.zeros(len(values))
        return np.nan_to_num(np.clip((values - self.chance) / span, 0, 1), nan=0.0) + 0.0  # no -0.0

    def resampled(self) -> np.ndarray:
        """Values (RESAMPLES,) over items drawn again; the same draws for every finding of the same items."""
        return self.statistic.over(drawn(self.statistic.n, self.items or self.metric, self.family))

    def within(self, domain: str) -> float:
        """The value over the items of one domain. ValueError where no domains are told."""
        if self.domain is None:
            raise ValueError(f"{self.metric} knows no domains of its items")
        counts = (np.asarray(self.domain) == domain).astype(float)[None]
        return float(self.statistic.over(counts)[0])


def drawn(n: int, items: str, family: Sequence[Any] | np.ndarray | None = None) -> np.ndarray:
    """Counts (RESAMPLES, n) of items drawn n times with replacement, families whole; a function of the arguments."""
    if not n:
        return np.zeros((RESAMPLES, 0), np.float32)
    _, member = np.unique(np.arange(n) if family is None else np.asarray(family), return_inverse=True)
    return _drawn(n, items, member.astype(np.int64).tobytes())


@lru_cache(maxsize=8)
def _drawn(n: int, items: str, members: bytes) -> np.ndarray:
    """`drawn`, where `members` are the numbers of the items' families: most findings share their items with others."""
    member = np.frombuffer(members, np.int64)
    groups = int(member.max()) + 1
    rng = np.random.default_rng(seed_of("measure", items, n))
    counts = rng.multinomial(groups, np.full(groups, 1 / groups), size=RESAMPLES)
    made = counts[:, member].astype(np.float32)
    made.flags.writeable = False
    return made


def interval(values: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of resampled values (Efron's percentile bootstrap); NaN are left out."""
    kept = values[np.isfinite(values)]
    if not len(kept):
        return float("nan"), float("nan")
    low, high = np.quantile(kept, [0.025, 0.975])
    return float(low), float(high)
