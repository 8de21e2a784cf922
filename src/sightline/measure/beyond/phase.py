"""Where things lie on the grid of patches: the same picture moved by pixels, and small things across an edge or inside.

Pictures are equal for all encoders; where the edges of an encoder's patches are, its own tokens tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.data.scenes.scene import Element
from sightline.measure.beyond.drawn import INKS, NAMES, SIDE, picture, thing
from sightline.measure.beyond.told import share
from sightline.measure.finding import Finding
from sightline.measure.graphics.cosine import cosines, first, units
from sightline.measure.pictures import Pictures
from sightline.measure.subject.subject import Lacks, Subject
from sightline.probes.linear import LinearProbe

LONGER, LEFT, TOP = 10, 33.0, 40.0
"""pixels of a thing, and the middle of its first place"""
SHOWN = (1, 2, 4, 8, 12, 16)
RIDGE = 1e-2


@dataclass(frozen=True, eq=False)
class Phase:
    """`things` small things, each at every one of `shifts` pixels to the right and down of its first place."""

    things: int
    shifts: tuple[int, ...]

    @cached_property
    def boxes(self) -> np.ndarray:
        """(shifts, things, 4) x, y, width, height."""
        return np.array([[self._thing(k, s).box for k in range(self.things)] for s in self.shifts])

    @cached_property
    def pictures(self) -> Pictures:
        made = [picture(self._thing(k, s)) for s in self.shifts for k in range(self.things)]
        return Pictures(made).told(vectors=np.tile(np.eye(self.things), (len(self.shifts), 1)))

    def __call__(self, subject: Subject) -> Sequence[Finding]:
        rows = units(subject.vectors(self.pictures)).reshape(len(self.shifts), self.things, -1)
        protocol = {"things": self.things, "shifts": list(self.shifts)}
        found = []
        for k in [k for k, shift in enumerate(self.shifts) if shift in SHOWN]:
            near = cosines(rows[k], rows[0])
            hits = first(np.diag(near), near[~np.eye(self.things, dtype=bool)].reshape(self.things, -1))
            common = {"items": "moved things", "protocol": protocol}
            name = f"moved by {self.shifts[k]} px"
            found.append(share(f"{name}: cosine", np.diag(near), 0.0, **common))
            found.append(share(f"{name}: R@1", hits, 1 / self.things, **common))
        return [*found, *self._split(subject, rows, protocol)]

    def _split(self, subject: Subject, rows: np.ndarray, protocol: dict[str, object]) -> list[Finding]:
        """How often a linear probe that has seen every second place tells things at the others, inside a patch and
        across edges."""
        right = np.zeros(rows.shape[:2])
        number = np.arange(self.things)
        for side in (0, 1):
            known, asked = rows[1 - side :: 2], rows[side::2]
            probe = LinearProbe(RIDGE).fit(known.reshape(-1, rows.shape[2]), np.tile(number, len(known)))
            right[side::2] = probe.predict(asked.reshape(-1, rows.shape[2])).reshape(-1, self.things) == number
        family = np.tile(np.arange(self.things), len(self.shifts)).tolist()
        found = [
            share("moved: told apart", right.reshape(-1), 1 / self.things, "places", family=family, protocol=protocol)
        ]
        try:
            grid = subject.tokens(Pictures(self.pictures.items[: self.things])).shape[1:3]
        except Lacks:
            return found
        inside = inside_one(self.boxes, grid, subject.window).reshape(-1)
        note = f"its patches are {SIDE * subject.window[3] / grid[1]:.1f} pixels of {SIDE} wide"
        for name, chosen in (("inside a patch", inside), ("across patches", ~inside)):
            if chosen.any():
                found.append(
                    share(
                        f"moved: told apart {name}",
                        right.reshape(-1),
                        1 / self.things,
                        "places",
                        weights=chosen.astype(float),
                        family=family,
                        protocol=protocol,
                        notes=(note,),
                    )
                )
        return found

    def _thing(self, k: int, shift: int) -> Element:
        return thing(NAMES[k], INKS[2], LONGER, (LEFT + shift, TOP + shift))


def inside_one(boxes: np.ndarray, grid: tuple[int, ...], window: tuple[float, float, float, float]) -> np.ndarray:
    """Which boxes (..., 4) lie in one patch of a grid (rows, columns) over the window of the picture."""
    top, left, height, width = (SIDE * share for share in window)
    x, y, w, h = np.moveaxis(boxes, -1, 0)
    column, row = width / grid[1], height / grid[0]
    return (np.floor((x - left) / column) == np.floor((x + w - 1 - left) / column)) & (
        np.floor((y - top) / row) == np.floor((y + h - 1 - top) / row)
    )
