"""What is asked of an encoder here, by what a suite has: scenes with exact places, depth, or pictures alone."""

import numpy as np

from sightline.measure.localization.classes import SCENES
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.places import Board, boards, scenes
from sightline.measure.spatial.correspondence import Correspondence
from sightline.measure.spatial.depth import Depth
from sightline.measure.spatial.offset import Offset, Part
from sightline.measure.spatial.order import FrontOrder, Pairs
from sightline.measure.spatial.sides import Sides
from sightline.measure.suite.shelf import square_depth
from sightline.measure.suite.suite import Suite
from sightline.probes.depth import known

ASPECT = "spatial"
LEVEL = 1
OFFSETS, OVERLAPS = ((60, 12), (100, 20)), ((120, 24), (240, 48))
"""scenes measured on and fitted on, full and quick"""
WARPED, MIRRORED = (60, 12), (150, 24)
LEAST = 4
"""pictures of which the mean of a place says something"""


def tasks(suite: Suite) -> list[Measurement | Absent]:
    """The measurements this suite allows, and what it does not, with the reason."""
    if suite.kind == "scenes":
        return _scenes(suite)
    reason = "relations are known of scenes alone"
    return [
        _depth(suite),
        Absent(ASPECT, "relative position", suite.name, "where things begin and end is known of scenes alone"),
        _warped(suite),
        Absent(ASPECT, "sides", suite.name, reason),
    ]


def _scenes(suite: Suite) -> list[Measurement | Absent]:
    test, train = (
        scenes(suite, LEVEL, suite.n(*count), split) for count, split in zip(SCENES, ("test", "train"), strict=True)
    )
    count = suite.n(*WARPED)
    areas = [np.asarray(sample.mask) > 0 for sample in test.shelf.samples]
    sides = Sides(suite.test, suite.n(*MIRRORED))
    order = FrontOrder(Pairs(suite.n(*OVERLAPS[0]), "test"), Pairs(suite.n(*OVERLAPS[1]), "train"))
    offset = Offset(Part(test, suite.n(*OFFSETS[0])), Part(train, suite.n(*OFFSETS[1])))
    asked = {
        "front": order.ask,
        "relative position": offset.ask,
        "correspondence": Correspondence(test, count, areas, [np.ones_like(area) for area in areas]).ask,
        "sides": sides.ask,
        "mirror": sides.alone,
    }
    return [Measurement(ASPECT, name, suite.name, ask) for name, ask in asked.items()]


def _depth(suite: Suite) -> Measurement | Absent:
    test, train = boards(suite)
    if not test.shelf.has("depth"):
        return Absent(ASPECT, "depth", suite.name, "no picture has depth")
    if train is None or not train.shelf.has("depth"):
        return Absent(ASPECT, "depth", suite.name, "no pictures with depth to fit a probe on; name them with --memory")
    planes = [_depths(board) for board in (test, train)]
    if not all(any(known(plane).any() for plane in side) for side in planes):
        why = test.why() or train.why() or "no pixel has a known depth (above 0 and finite)"
        return Absent(ASPECT, "depth", suite.name, why)
    without = sum(not known(plane).any() for side in planes for plane in side)
    notes = (f"{without} pictures have no known depth",) if without else ()
    return Measurement(ASPECT, "depth", suite.name, Depth(test, planes[0], train, planes[1], notes).ask)


def _warped(suite: Suite) -> Measurement | Absent:
    board, _ = boards(suite)
    count = min(len(board), suite.n(*WARPED))
    if count < LEAST:
        return Absent(ASPECT, "correspondence", suite.name, f"{count} pictures are too few: {LEAST} at least")
    content = [board.content(at) for at in range(count)]
    return Measurement(ASPECT, "correspondence", suite.name, Correspondence(board, count, content, content).ask)


def _depths(board: Board) -> list[np.ndarray]:
    planes = board.planes(square_depth, "depth")
    return [np.zeros((board.side,) * 2, np.float32) if plane is None else plane for plane in planes]
