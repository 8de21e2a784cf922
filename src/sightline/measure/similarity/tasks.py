"""What is asked of an encoder here, by what a suite has."""

from sightline.measure.measurement import Absent, Measurement
from sightline.measure.suite.suite import Suite


def tasks(suite: Suite) -> list[Measurement | Absent]:
    """The measurements this suite allows, and what it does not, with the reason."""
    return []
