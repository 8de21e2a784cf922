"""The style of a scene in numbers computed from its drawings, and the words those numbers earn by stated thresholds.

Style words follow the rule that a word needs a measurable property: flat, filled, outlined, thin, thick, rounded,
angular, minimal, monochrome, dense, airy. None is a matter of taste, and a scene may earn few of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from sightline.data.scenes import parts
from sightline.data.scenes.drawings import MEASURE, drawing, wrap
from sightline.data.scenes.raster import rasterize
from sightline.data.scenes.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Numbers about a scene as drawn. Means run over icons and shapes (over all elements where there are none)."""

    ink: float
    """share of the canvas under ink, faint ink by its strength and edges by their coverage, in [0, 1]"""
    cover: float
    """share of the canvas inside the box of some element, in [0, 1]"""
    elements: int
    outlines: int
    """closed outlines in all drawings: sub-paths and basic shapes"""
    inks: int
    """different inks"""
    tones: int
    """different colours of the background: 1, or 2 where it has a pattern"""
    gradient: bool
    """whether anything is drawn by a gradient"""
    fill: float
    """mean share of the silhouette that is ink: near 1 filled, lower where only the edge is drawn, in [0, 1]"""
    lined: float
    """share of icons and shapes whose silhouette is at most 82 % ink, so that one sees an edge rather than a body"""
    line: float
    """mean line width, twice the ink over the length of its outline, as a share of the drawing's shorter side"""
    roundness: float
    """mean share of curves among the pieces of an outline: a circle 1, a square 0"""


EDGE = 0.82
"""a silhouette with no more ink than this share is an edge: thick lines have less, solid icons of level 4 more"""

WORDS: dict[str, Callable[[Measures], bool]] = {
    "flat": lambda m: not m.gradient,
    "filled": lambda m: m.lined == 0,
    "outlined": lambda m: m.lined == 1,
    "thin": lambda m: m.line <= 0.08,
    "thick": lambda m: m.line >= 0.12 and m.lined == 1,
    "rounded": lambda m: m.roundness >= 0.6,
    "angular": lambda m: m.roundness <= 0.1,
    "minimal": lambda m: m.elements <= 3,
    "monochrome": lambda m: m.inks == 1,
    "dense": lambda m: m.cover >= 0.5,
    "airy": lambda m: m.cover <= 0.25,
}
"""the rule of every style word"""


def style_words(measures: Measures) -> tuple[str, ...]:
    """The style words that are true by `WORDS`, in its order."""
    return tuple(word for word, holds in WORDS.items() if holds(measures))


def measures(scene: Scene) -> Measures:
    """The style of a scene in numbers."""
    elements = scene.elements
    lines = [line(e.drawing) for e in elements]
    subjects = [m for m, e in zip(lines, elements, strict=True) if e.kind in ("icon", "shape")] or lines
    boxed, bare = np.zeros((scene.side, scene.side), bool), np.ones((scene.side, scene.side))
    for element in elements:
        x, y, w, h = element.box
        boxed[y : y + h, x : x + w] = True
        bare[y : y + h, x : x + w] *= 1 - parts.part(element.drawing, w, h).cover[:, ::3] / 256

    pixels, count = scene.side**2, max(1, len(subjects))
    return Measures(
        ink=1 - float(bare.sum()) / pixels,
        cover=int(np.count_nonzero(boxed)) / pixels,
        elements=len(elements),
        outlines=sum(m.outlines for m in lines),
        inks=len({e.colour for e in elements}),
        tones=len({scene.background.a, scene.background.b}),
        gradient=scene.background.kind == "gradient",
        fill=math.fsum(m.fill for m in subjects) / count,
        lined=sum(m.fill <= EDGE for m in subjects) / count,
        line=math.fsum(m.width for m in subjects) / count,
        roundness=math.fsum(m.roundness for m in subjects) / count,
    )


class Line(NamedTuple):
    """The measures of one drawing, whatever size it is shown at."""

    fill: float
    width: float
    outlines: int
    roundness: float


@cache
def line(key: str) -> Line:
    """The measures of the drawing `key`, from its paths and its ink at `MEASURE` pixels; kept for the process."""
    drawn = drawing(key)
    _, _, w, h = drawn.view
    scale = MEASURE / max(w, h)
    document = wrap(drawn._replace(plain="").solid, drawn.view, max(2, round(w * scale)), max(2, round(h * scale)))
    ink = np.pad(rasterize(document)[..., 3] > 127, 1)
    area = int(ink.sum())
    plain = drawing(key.partition("@")[0]).body
    curves, straights = pieces(plain)
    outlines = len(re.findall(r"[Mm]", " ".join(_PATH.findall(plain)))) + len(_SHAPE.findall(plain))
    shorter = MEASURE * min(w, h) / max(w, h)
    return Line(
        fill=area / int(np.count_nonzero(silhouette(ink))),
        width=2 * area / perimeter(ink) / shorter,
        outlines=outlines,
        roundness=curves / (curves + straights),
    )


def perimeter(ink: np.ndarray) -> float:
    """The length of the edge of a bool (y, x) picture, in pixels, by Crofton's formula in four directions.

    A family of parallel lines meets an edge as often as the edge is long across it: the length is pi/2 times the mean
    over directions of crossings times spacing. Here rows, columns and both diagonals (spacing 1/sqrt 2). A border of
    False is expected.
    """
    straight = (ink[1:] != ink[:-1]).sum() + (ink[:, 1:] != ink[:, :-1]).sum()
    slanted = (ink[1:, 1:] != ink[:-1, :-1]).sum() + (ink[1:, :-1] != ink[:-1, 1:]).sum()
    return math.pi / 8 * (float(straight) + float(slanted) / math.sqrt(2))


def silhouette(ink: np.ndarray) -> np.ndarray:
    """The ink with its holes filled, bool (y, x): what the outside cannot reach sideways, up or down.

    A border of False is expected, which is outside.
    """
    outside = np.zeros_like(ink)
    outside[0] = True
    count = -1
    while count != (count := np.count_nonzero(outside)):
        for area, wall in (
            (outside, ink),
            (outside[::-1], ink[::-1]),
            (outside.T, ink.T),
            (outside.T[::-1], ink.T[::-1]),
        ):
            _pour(area, wall)
    return ~outside


def _pour(area: np.ndarray, wall: np.ndarray) -> None:
    """Extend `area` (y, x) downwards, in place, from every pixel of it to the next of `wall`."""
    row = np.arange(1, len(area) + 1)[:, None]
    area |= np.maximum.accumulate(area * row) > np.maximum.accumulate(wall * row)


_PATH = re.compile(r'\bd="([^"]*)"')
_COMMAND = re.compile(r"([MmZzLlHhVvCcSsQqTtAa])([^MmZzLlHhVvCcSsQqTtAa]*)")
_SHAPE = re.compile(r"<(rect|circle|ellipse|polygon)\b([^>]*)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TAKES = {"l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2}
"""numbers per piece; arcs are counted apart, since their flags may stand without spaces"""


def pieces(body: str) -> tuple[int, int]:
    """How many curves and how many straight pieces the outlines of an SVG body are made of.

    >>> pieces('<path d="M0 0h9v9z"/>'), pieces('<circle r="4"/>'), pieces('<rect width="4" height="4" rx="1"/>')
    ((0, 3), (1, 0), (4, 4))
    """
    curves = straights = 0
    for command, numbers in (c for d in _PATH.findall(body) for c in _COMMAND.findall(d)):
        name, count = command.lower(), len(_NUMBER.findall(numbers))
        if name == "a":
            curves += max(1, round(count / 7))
        elif name in "csqt":
            curves += count // _TAKES[name]
        elif name in "lhv":
            straights += count // _TAKES[name]
        elif name == "m":
            straights += max(0, count // 2 - 1)
        else:
            straights += name == "z"
    for tag, attributes in _SHAPE.findall(body):
        if tag in ("circle", "ellipse"):
            curves += 1
        elif tag == "rect":
            curves, straights = curves + (4 if "rx=" in attributes else 0), straights + 4
        else:
            straights += len(_NUMBER.findall(attributes.partition('points="')[2].partition('"')[0])) // 2
    return curves, straights
