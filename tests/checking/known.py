"""Encoders with known answers on the scenes that are built in: what a room asks of them is made once."""

from functools import cache

from sightline.measure.report.result import Measured
from sightline.measure.run import measured
from sightline.measure.subject.controls import Constant, Oracle, Shuffled
from sightline.measure.subject.pixels import PixelSubject
from sightline.measure.suite.opened import open_suite

CONTROLS = (Oracle(), Constant(), Shuffled(Oracle()), Shuffled(PixelSubject()), PixelSubject())
KNOW_NOTHING = ("constant", "shuffled oracle", "shuffled pixels")


@cache
def known(room: str, *, quick: bool) -> dict[str, Measured]:
    """What `room` finds of each of CONTROLS, by its name; not to be changed."""
    report = measured(CONTROLS, [open_suite("scenes", quick=quick)], rooms=[room], quick=quick)
    return {subject.name: subject for subject in report.subjects}


def score(found: Measured, aspect: str) -> float:
    whole = found.score(aspect)
    assert whole is not None
    return whole.value
