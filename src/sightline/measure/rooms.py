"""The rooms of what is measured: five properties, graphics, and what lies beyond; their tasks on a suite."""

from sightline.measure.beyond import tasks as beyond
from sightline.measure.density import tasks as density
from sightline.measure.graphics import tasks as graphics
from sightline.measure.localization import tasks as localization
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.similarity import tasks as similarity
from sightline.measure.spatial import tasks as spatial
from sightline.measure.suite.suite import Suite
from sightline.measure.text import tasks as text

ROOMS = {
    "density": density,
    "similarity": similarity,
    "text": text,
    "localization": localization,
    "spatial": spatial,
    "graphics": graphics,
    "beyond": beyond,
}
"""by the name that `--suite` takes"""


def tasks(suite: Suite, rooms: tuple[str, ...] = tuple(ROOMS)) -> list[Measurement | Absent]:
    """Everything the chosen rooms ask on a suite, in the order of ROOMS."""
    return [task for name, room in ROOMS.items() if name in rooms for task in room.tasks(suite)]
