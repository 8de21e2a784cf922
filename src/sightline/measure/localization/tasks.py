"""What is asked of an encoder here, by what a suite has: masks, boxes with words, or scenes that have both.

Segmentation by a probe needs tokens alone; what compares patches with words needs a text tower.
"""

from sightline.measure.localization.classes import SCENES, grounds, masked
from sightline.measure.localization.pointing import Pointing
from sightline.measure.localization.probe import Segmentation
from sightline.measure.localization.regions import Regions
from sightline.measure.localization.things import LEVEL, things
from sightline.measure.localization.zero_shot import called, naming
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.places import boards, scenes
from sightline.measure.suite.suite import Suite

ASPECT = "localization"


def tasks(suite: Suite) -> list[Measurement | Absent]:
    """The measurements this suite allows, and what it does not, with the reason."""
    return [*_masks(suite), *_things(suite)]


def _masks(suite: Suite) -> list[Measurement | Absent]:
    if suite.kind == "icons":
        return [
            Absent(ASPECT, name, suite.name, "an icon is one thing, everywhere") for name in ("segmentation", "naming")
        ]
    if suite.kind == "scenes":
        board = scenes(suite, LEVEL, suite.n(*SCENES[0]))
        return [
            Measurement(ASPECT, "segmentation", suite.name, Segmentation(grounds(suite)).ask),
            Measurement(ASPECT, "naming", suite.name, called(board).ask),
        ]
    test, train = boards(suite)
    found = masked(test, train)
    if isinstance(found, str):
        return [Absent(ASPECT, name, suite.name, found) for name in ("segmentation", "naming")]
    made: list[Measurement | Absent] = []
    if found.train is None or not any(plane is not None for plane in found.train_truth):
        reason = "no pictures with masks to fit a probe on; name them with --memory"
        made.append(Absent(ASPECT, "segmentation", suite.name, reason))
    else:
        made.append(Measurement(ASPECT, "segmentation", suite.name, Segmentation(found).ask))
    if not found.named:
        reason = "the classes of the masks have no names; put them into classes.json beside the pictures"
        return [*made, Absent(ASPECT, "naming", suite.name, reason)]
    if len(found.names) - (found.background is not None) < 2:
        return [*made, Absent(ASPECT, "naming", suite.name, f"only one thing to name: {', '.join(found.names)}")]
    return [*made, Measurement(ASPECT, "naming", suite.name, naming(found).ask)]


def _things(suite: Suite) -> list[Measurement | Absent]:
    names = ("pointing", "regions")
    if suite.kind == "icons":
        return [Absent(ASPECT, name, suite.name, "an icon is one thing, everywhere") for name in names]
    found = things(suite)
    if isinstance(found, str):
        return [Absent(ASPECT, name, suite.name, found) for name in names]
    return [
        Measurement(ASPECT, "pointing", suite.name, Pointing(found).ask),
        Measurement(ASPECT, "regions", suite.name, Regions(found).ask),
    ]
