"""One operation applied to the drawings of a suite: at every severity, and at the highest with each of its values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.measure.graphics.cosine import units
from sightline.measure.graphics.operation import Operation
from sightline.measure.graphics.original import Original
from sightline.measure.pictures import Pictures
from sightline.measure.subject.subject import Subject


@dataclass(frozen=True, eq=False)
class Applied:
    """Pictures before and after; below the severity of 1 drawing i gets value i modulo the number of values."""

    operation: Operation
    originals: Sequence[Original]
    lower: tuple[float, ...]
    """severities below 1"""
    values: int
    """how many of the operation's values are used"""

    @property
    def n(self) -> int:
        return len(self.originals)

    @cached_property
    def before(self) -> Pictures:
        return Pictures([self.operation.before(original) for original in self.originals]).told(vectors=np.eye(self.n))

    @cached_property
    def after(self) -> Pictures:
        """Every lower severity, then every value at 1, each of all drawings in their order."""
        change = self.operation.after
        made = [change(o, i % self.values, s) for s in self.lower for i, o in enumerate(self.originals)]
        made += [change(o, value, 1.0) for value in range(self.values) for o in self.originals]
        return Pictures(made).told(vectors=np.tile(np.eye(self.n), (len(self.lower) + self.values, 1)))

    def seen_by(self, subject: Subject) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Units: before (n, d), at the lower severities (s, n, d), and at 1 by value (k, n, d)."""
        after = units(subject.vectors(self.after))
        after = after.reshape(len(self.lower) + self.values, self.n, -1)
        return units(subject.vectors(self.before)), after[: len(self.lower)], after[len(self.lower) :]
