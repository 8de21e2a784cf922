"""The operations of graphics that leave the meaning: each has three values, and a severity from 0 (none) to 1.

Whatever the severity, geometry stays but for rotation, and all that is drawn stays legible (representation.md G.2).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sightline.data.draw import seed_of
from sightline.measure.graphics.layers import Layers
from sightline.measure.graphics.manner import AS_IT_IS, DASHES, Manner, Pen
from sightline.measure.graphics.original import DYES, Original

SEVERITIES = (0.2, 0.4, 0.6, 0.8, 1.0)
GROUNDS: dict[str, tuple[int, int, int]] = {"yellow": (255, 236, 120), "mint": (150, 245, 190), "pink": (255, 204, 228)}
"""every ink that stands out from white stands out from these by a WCAG ratio of 1.5"""
CELLS = {"fine": 24, "middling": 12, "coarse": 6}
"""cells of a checkerboard along a side"""
CHECK = (204.0, 255.0)
"""its two greys, of a contrast of 1.6"""
WIDTHS = {"half": 0.5, "thinner": 0.72, "thicker": 1.55}
"""times the line: from 9 % of the shorter side to 4.5 and 14, between which outlines of scenes keep their openings"""
WIDEST = 0.16
ANGLES = {"10 degrees left": -10.0, "5 degrees right": 5.0, "10 degrees right": 10.0}
AMPLITUDE = 0.4
"""of a texture, as a share of 128"""
TEXTURES = ("hatch", "dots", "noise")


@dataclass(frozen=True)
class Operation:
    """One way in which a drawing can look otherwise and mean the same."""

    name: str
    values: tuple[str, ...]
    """what the attribute becomes: the ground's colour, the kind of line"""
    change: Callable[[Original, int, float], Layers]
    """original, value, severity"""
    needs: str = "pixels"
    """what must be known of a picture: its outlines, its ground, or pixels alone"""
    moves: bool = False
    """whether things leave their places"""

    @property
    def lines(self) -> bool:
        """Whether the unchanged drawing is one of lines."""
        return self.needs == "outlines"

    def before(self, original: Original) -> np.ndarray:
        """The unchanged picture, uint8 (y, x, 3)."""
        return original.layers(Manner(Pen(original.line)) if self.lines else AS_IT_IS).picture()

    def after(self, original: Original, value: int, severity: float) -> np.ndarray:
        """The changed picture, uint8 (y, x, 3)."""
        return self.change(original, value, severity).picture()


def _background(original: Original, value: int, severity: float) -> Layers:
    made = original.layers()
    colour = np.array(list(GROUNDS.values())[value], np.float32)
    return made.on((1 - severity) * made.ground + severity * colour)


def _checkerboard(original: Original, value: int, severity: float) -> Layers:
    made = original.layers()
    side = len(made.cover)
    row = np.arange(side) * list(CELLS.values())[value] // side
    checks = np.where((row[:, None] + row) % 2, *CHECK)[..., None]
    return made.on((1 - severity) * made.ground + severity * checks)


def _line_width(original: Original, value: int, severity: float) -> Layers:
    wider = list(WIDTHS.values())[value] ** severity
    return original.layers(Manner(Pen(min(WIDEST, original.line * wider))))


def _line_style(original: Original, value: int, severity: float) -> Layers:
    return original.layers(Manner(Pen(original.line, list(DASHES)[value], severity)))


def _texture(original: Original, value: int, severity: float) -> Layers:
    """A pattern of mean 0 on the ink, whose range is narrowed so that the pattern is never cut, on black neither."""
    made = original.layers()
    reach = AMPLITUDE * severity * 128
    pattern = patterns(len(made.cover))[value]
    return made.inked(reach + made.ink * (255 - 2 * reach) / 255 + reach * pattern[..., None])


def _rotation(original: Original, value: int, severity: float) -> Layers:
    return original.layers(Manner(turn=severity * list(ANGLES.values())[value]))


def _colour(original: Original, value: int, severity: float) -> Layers:
    return original.layers(Manner(dye=(value, severity)))


def patterns(side: int) -> np.ndarray:
    """Hatching, dots and noise (3, side, side) of mean 0 in [-1, 1]; periods 1/16 of the side."""
    at = 2 * np.pi * 16 / side * np.arange(side)
    hatch = np.sin((at[:, None] + at) / 2**0.5)
    dots = np.sin(at)[:, None] * np.sin(at)
    noise = np.random.default_rng(seed_of("measure", "texture", side)).uniform(-1, 1, (side, side))
    return np.stack([plane - plane.mean() for plane in (hatch, dots, noise)]).clip(-1, 1)


OPERATIONS = (
    Operation("background", tuple(GROUNDS), _background, "ground"),
    Operation("checkerboard", tuple(CELLS), _checkerboard, "ground"),
    Operation("line width", tuple(WIDTHS), _line_width, "outlines"),
    Operation("line style", tuple(DASHES), _line_style, "outlines"),
    Operation("texture", TEXTURES, _texture, "ground"),
    Operation("rotation", tuple(ANGLES), _rotation, "pixels", moves=True),
    Operation("colour", DYES, _colour, "colour"),
)
NAMED = {operation.name: operation for operation in OPERATIONS}
