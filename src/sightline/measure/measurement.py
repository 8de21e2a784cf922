"""One thing to be measured of any encoder, and what cannot be, with the reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sightline.measure.finding import Finding
from sightline.measure.subject.subject import Subject


@dataclass(frozen=True)
class Measurement:
    """A task ready to be put to encoders: `ask(subject)` gives its findings.

    `ask` raises `Lacks` where an encoder has not what the task needs, which is then told as n/a with that reason.
    """

    aspect: str
    """one of `PROPERTIES`, or "graphics", "beyond" """
    name: str
    """"knn", "nuisance", "segmentation": unique in its aspect and suite"""
    suite: str
    ask: Callable[[Subject], Sequence[Finding]]


@dataclass(frozen=True)
class Absent:
    """What a suite cannot measure, and why: "no picture has a label"."""

    aspect: str
    name: str
    suite: str
    reason: str
