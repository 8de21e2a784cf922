"""Rows of what a probe found: a score, its standard error, and what it stands beside."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from sightline.probes.paired import standard_error

Kind = Literal["chance", "pixels", "random", "encoder", "stage", "bound"]
RESAMPLES = 200
LOWER = frozenset({"rmse", "abs_rel"})
"""metrics of which less is better"""


@dataclass(frozen=True, slots=True)
class Score:
    """A figure and its standard error over pictures; None where nothing was drawn (a bound of 1)."""

    value: float
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line: chance, raw pixels, random tower, the encoder or one of its stages, an upper bound."""

    name: str
    kind: Kind
    scores: dict[str, Score]
    details: dict[str, Any] = field(default_factory=dict)
    """what else was found, for JSON: parameters, IoU of each class"""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Result:
    """The rows of one task, and what was left out of it and why."""

    rows: list[Row]
    n_train: int
    n_test: int
    notes: list[str] = field(default_factory=list)


def share(hits: np.ndarray) -> Score:
    """The share of right answers among hits (n,) bool."""
    value = float(hits.mean())
    return Score(value, standard_error(value, len(hits)))


def drawn_again(count: int, measure: Callable[[np.ndarray], Mapping[str, float]], seed: int = 0) -> dict[str, Score]:
    """What `measure` finds of all `count` pictures (their numbers are its argument), with the deviation over 200 sets
    of as many drawn again with replacement (Efron's bootstrap): pixels of one picture are no independent answers."""
    rng = np.random.default_rng(seed)
    sets = [measure(rng.integers(0, count, count)) for _ in range(RESAMPLES)] if count > 1 else []
    return {
        name: Score(value, float(np.nanstd([one[name] for one in sets], ddof=1)) if sets else None)
        for name, value in measure(np.arange(count)).items()
    }
