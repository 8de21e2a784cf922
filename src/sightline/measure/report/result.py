"""What was measured: rows, the scores of properties with intervals, and which differences are real.

A property's score is the mean of the scores of its metrics; their resampled values give its interval. Scores of
different properties are never averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from sightline.measure.finding import PROPERTIES, Finding, interval

SCORES = (*PROPERTIES, "invariance", "semantics")
"""what has a score: the five properties, and of graphics how little drawing matters and how much meaning does"""


@dataclass(frozen=True, eq=False)
class Row:
    """One metric of one subject on one suite, with everything its interval needs."""

    aspect: str
    suite: str
    task: str
    finding: Finding
    seconds: float = 0.0

    @property
    def key(self) -> tuple[str, str, str]:
        """Which other subjects' row this one stands beside."""
        return self.aspect, self.suite, self.finding.metric

    @cached_property
    def scores(self) -> np.ndarray:
        """(RESAMPLES,); a draw in which the metric cannot be taken (one class is left) has the score of all items."""
        drawn = self.finding.scaled(self.values)
        return np.where(np.isfinite(self.values), drawn, self.finding.score)

    @cached_property
    def values(self) -> np.ndarray:
        return self.finding.resampled()

    @property
    def protocol(self) -> dict[str, Any]:
        return {"metric": self.finding.metric, "items": self.finding.items, "n": self.finding.statistic.n} | dict(
            self.finding.protocol
        )


@dataclass(frozen=True, eq=False)
class Missing:
    """What a subject could not be asked, and why."""

    aspect: str
    suite: str
    task: str
    reason: str


@dataclass(frozen=True, eq=False)
class Score:
    """The score of one aspect: its value, and (RESAMPLES,) values over items drawn again."""

    value: float
    samples: np.ndarray

    @property
    def ci(self) -> tuple[float, float]:
        return interval(self.samples)


@dataclass(eq=False)
class Measured:
    """All that was found of one subject."""

    name: str
    kind: str
    """encoder, pixels, random or control"""
    about: dict[str, Any] = field(default_factory=dict)
    """dim, parameters, size, identity, capabilities"""
    rows: list[Row] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    """what is suspicious of it: all vectors equal, ..."""
    seconds: float = 0.0
    thousand: float = 0.0
    """seconds to embed a thousand pictures"""
    peak_memory: int = 0
    """bytes of the process at most, while it was measured"""

    def of(self, aspect: str) -> list[Row]:
        return [row for row in self.rows if row.aspect == aspect]

    def score(self, aspect: str, only: set[tuple[str, str, str]] | None = None, *, zero: bool = False) -> Score | None:
        """The mean of the scored metrics; of `only` those keys. None where there is none.

        With `zero`, a metric among `only` that this subject lacks counts as chance: 0.
        """
        rows = [row for row in self.of(aspect) if row.finding.scored and (only is None or row.key in only)]
        if not rows:
            return None
        count = len(only) if zero and only is not None else len(rows)
        value = sum(row.finding.score for row in rows) / count
        samples = np.sum([row.scores for row in rows], axis=0) / count
        for row in rows:
            if row.finding.caps:
                value, samples = min(value, row.finding.score), np.minimum(samples, row.scores)
        return Score(float(value), samples)

    def keys(self, aspect: str) -> set[tuple[str, str, str]]:
        return {row.key for row in self.of(aspect) if row.finding.scored}


@dataclass(frozen=True)
class Comparison:
    """a - b in the score of one aspect, over the metrics and items that both have."""

    aspect: str
    a: str
    b: str
    difference: float
    ci: tuple[float, float]

    @property
    def real(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.ci[0] > 0 or self.ci[1] < 0


@dataclass(eq=False)
class Report:
    """Everything of one command: subjects in the order given, then raw pixels and the random towers."""

    subjects: list[Measured]
    suites: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)
    quick: bool = False
    seconds: float = 0.0
    exhibits: dict[str, Any] = field(default_factory=dict)
    """pictures of what was found, by the name of what they show; for the page alone"""

    def gain(self, subject: Measured, aspect: str) -> Score | None:
        """max(0, score - the better of raw pixels and the random tower), on the same items; None without a score.

        What they lack counts as chance. Of the reference rows themselves it is 0.
        """
        own, keys = subject.score(aspect), subject.keys(aspect)
        if own is None:
            return None
        # a reference is beside itself: it has nothing beyond the better of both
        beside = self.references(subject)
        found = [score for s in beside if (score := s.score(aspect, keys, zero=True)) is not None]
        if not found:
            return own
        best = max(found, key=lambda score: score.value)
        return Score(max(0.0, own.value - best.value), np.maximum(own.samples - best.samples, 0.0))

    def references(self, subject: Measured) -> list[Measured]:
        """Raw pixels, and the random tower of the subject's kind."""
        shape = subject.about.get("shape")
        return [
            s for s in self.subjects if s.kind == "pixels" or (s.kind == "random" and s.about.get("shape") == shape)
        ]

    def comparisons(self, aspect: str) -> list[Comparison]:
        """Every pair of subjects once, in order, over what both have."""
        found = []
        for at, a in enumerate(self.subjects):
            for b in self.subjects[at + 1 :]:
                made = compared(a, b, aspect)
                if made is not None:
                    found.append(made)
        return found


def compared(a: Measured, b: Measured, aspect: str) -> Comparison | None:
    """None where the two have no metric in common. ValueError where a common metric was measured differently."""
    same_protocol([a, b], aspect)
    both = a.keys(aspect) & b.keys(aspect)
    one, other = a.score(aspect, both), b.score(aspect, both)
    if not both or one is None or other is None:
        return None
    return Comparison(aspect, a.name, b.name, one.value - other.value, interval(one.samples - other.samples))


def same_protocol(subjects: Sequence[Measured], aspect: str) -> None:
    """ValueError naming the first metric that two subjects have by different protocols."""
    known: dict[tuple[str, str, str], tuple[str, dict[str, Any]]] = {}
    for subject in subjects:
        for row in subject.of(aspect):
            name, protocol = known.setdefault(row.key, (subject.name, row.protocol))
            if protocol != row.protocol:
                differing = sorted(
                    k for k in protocol.keys() | row.protocol.keys() if protocol.get(k) != row.protocol.get(k)
                )
                said = ", ".join(f"{k} {protocol.get(k)!r} and {row.protocol.get(k)!r}" for k in differing)
                raise ValueError(
                    f"{row.finding.metric} on {row.suite} of {name} and of {subject.name} cannot stand side by side: "
                    f"{said}. Measure both by one command"
                )
