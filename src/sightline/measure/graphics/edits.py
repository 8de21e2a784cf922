"""Edits that change what a design means, each beside a change of nothing but its look that moves as many pixels as far.

The nuisance of a pair is an operation at the severity at which its Euclidean distance in pixels from the original is
that of the edit within a tenth, found by bisection; operations take turns, and one that cannot reach so far is passed
over (representation.md G.6).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.data.scenes import edited, given, parts
from sightline.data.scenes.edit import others
from sightline.data.scenes.pen import STYLES
from sightline.data.scenes.scene import Scene
from sightline.measure.graphics.layers import distance
from sightline.measure.graphics.manner import LINE
from sightline.measure.graphics.operation import NAMED, Operation
from sightline.measure.graphics.original import Design
from sightline.measure.pictures import Pictures
from sightline.measure.suite.shelf import Shelf

KINDS = {
    "stars": "widget.stars",
    "battery": "widget.battery",
    "clock": "widget.clock",
    "toggle": "widget.toggle",
    "arrow": "widget.arrow",
    "chart": "widget.chart",
    "word": "text",
    "thing": "object.1.name",
}
"""the factor of a design that each kind of edit changes"""
OPPOSITE = {"left": "right", "right": "left", "up": "down", "down": "up"}
HOURS = 3
"""that a clock is put on"""
NUISANCES = tuple(NAMED)
MATCHED = 0.1
STEPS = 14
"""halvings of the severity"""


@dataclass(frozen=True, eq=False)
class Pair:
    """One design: as it is, with another meaning, and with the same meaning and another look."""

    at: int
    """which design of the shelf"""
    meaning: np.ndarray
    look: np.ndarray
    nuisance: str


@dataclass(frozen=True, eq=False)
class Edits:
    """The first `count` pairs of every kind that the designs of a shelf allow."""

    designs: Shelf
    count: int

    @cached_property
    def pairs(self) -> dict[str, list[Pair]]:
        return {kind: [p for _, p in zip(range(self.count), self._of(kind), strict=False)] for kind in KINDS}

    @cached_property
    def before(self) -> Pictures:
        """All designs, which other questions share."""
        n = len(self.designs)
        return self.designs.pictures.told(vectors=np.eye(n, 2 * n))

    @cached_property
    def after(self) -> Pictures:
        """Kind by kind, every pair: its other meaning, then its other look."""
        n = len(self.designs)
        pairs = [pair for kind in KINDS for pair in self.pairs[kind]]
        at = np.array([[pair.at + n, pair.at] for pair in pairs], int).reshape(-1)
        made = [picture for pair in pairs for picture in (pair.meaning, pair.look)]
        return Pictures(made).told(vectors=np.eye(2 * n)[at])

    def _of(self, kind: str) -> Iterator[Pair]:
        found = 0
        for at, sample in enumerate(self.designs.samples):
            scene, picture = sample.extra["scene"], np.asarray(sample.image)
            after = changed(scene, kind)
            if after is None:
                continue
            meaning = parts.picture(after)
            original = Design(scene, line=STYLES[scene.style] or LINE)
            turn = (found + list(KINDS).index(kind)) % len(NUISANCES)
            for name in (*NUISANCES[turn:], *NUISANCES[:turn]):
                look = as_far(NAMED[name], original, found % 3, picture, distance(picture, meaning))
                if look is not None:
                    found += 1
                    yield Pair(at, meaning, look, name)
                    break


def as_far(operation: Operation, original: Design, value: int, picture: np.ndarray, wanted: float) -> np.ndarray | None:
    """The design after the operation, `wanted` away from `picture` within a tenth; None where no severity does it."""
    low, high = 0.0, 1.0
    for severity in (1.0, *[None] * STEPS):
        at = severity or (low + high) / 2
        made = operation.after(original, value, at)
        far = distance(picture, made)
        if abs(far - wanted) <= MATCHED / 2 * wanted:
            return made
        if far < wanted:
            if severity:
                return None
            low = at
        else:
            high = at
    return None


def changed(scene: Scene, kind: str) -> Scene | None:
    """The design with another meaning; None where it has no such thing or no room for another value."""
    name, known = KINDS[kind], given(scene)
    own = known.get(name)
    if own is None or own == "":
        return None
    match kind:
        case "arrow":
            wanted = OPPOSITE[str(own)]
        case "clock":
            hour, _, minute = str(own).partition(":")
            wanted = f"{(int(hour) - 1 + HOURS) % 12 + 1}:{minute}"
        case "stars" | "battery":
            # one step up, from the top one down
            step, top = (1, 5) if kind == "stars" else (25, 100)
            wanted = int(own) + step if int(own) < top else int(own) - step
        case _:
            return next((after for _, after in others(scene, name)), None)
    try:
        return edited(scene, name, wanted)
    except ValueError:
        return None
