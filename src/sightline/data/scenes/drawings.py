"""Everything a scene can be made of, as SVG bodies in one ink: icons, plain shapes, words; widgets are next door.

A drawing is addressed by a key, so that a scene stays a small value: `icon/heart/solid`, `shape/circle/filled`,
`text/SALE`, `stars/4`; in a style, `icon/heart/solid@thin`; turned by 20 degrees, `icon/heart/solid~20`. Its view is
cropped to the ink: the box of an element is then the extent of what is drawn.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from sightline.data.scenes import glyphs, widgets
from sightline.data.scenes.glyphs import View
from sightline.data.scenes.pen import pen
from sightline.data.scenes.raster import rasterize

MEASURE = 96
"""pixels of the longer side at which ink is measured, edges to a fraction of one"""


class Drawing(NamedTuple):
    """SVG elements that inherit their ink (`fill`, `currentColor`), and the rectangle they fill."""

    body: str
    view: View
    """x, y, width, height of the ink in the body's own units"""
    plain: str = ""
    """the body before a pen turned it into lines, "" where none did: a thing owns what is inside its line"""

    @property
    def solid(self) -> str:
        """What belongs to the element, for masks: hard edges, faint parts at full strength, whole bodies."""
        return f'<g shape-rendering="crispEdges">{(self.plain or self.body).replace(widgets.FAINT, "")}</g>'


DRAWN_BY_PEN = {"icon": "all", "shape": "all", "clock": "off"}
"""what a style changes of a drawing, by the first part of its key; of other widgets, the faint parts"""


def _polygon(corners: int, turn: float) -> str:
    angles = (turn + 2 * math.pi * k / corners for k in range(corners))
    return " ".join(f"{50 + 50 * math.cos(a):.3f},{50 + 50 * math.sin(a):.3f}" for a in angles)


SHAPES: dict[str, tuple[str, View]] = {
    "circle": ('<circle cx="50" cy="50" r="50"/>', (0, 0, 100, 100)),
    "square": ('<rect width="100" height="100"/>', (0, 0, 100, 100)),
    "triangle": ('<polygon points="50,0 100,90 0,90"/>', (0, 0, 100, 90)),
    "diamond": ('<polygon points="50,0 100,50 50,100 0,50"/>', (0, 0, 100, 100)),
    "plus": ('<path d="M35 0h30v35h35v30h-35v35h-30v-35h-35v-30h35z"/>', (0, 0, 100, 100)),
    "semicircle": ('<path d="M0 50a50 50 0 0 1 100 0z"/>', (0, 0, 100, 50)),
    "rectangle": ('<rect width="100" height="55"/>', (0, 0, 100, 55)),
    "hexagon": (f'<polygon points="{_polygon(6, 0.0)}"/>', (0, 6.699, 100, 86.603)),
    "pentagon": (f'<polygon points="{_polygon(5, -math.pi / 2)}"/>', (2.447, 0, 95.106, 90.451)),
}
"""plain shapes: a filled body and its extent; the first eight are those of level 1"""

HOLDS = {"circle": 0.6, "square": 0.85, "rectangle": 0.85, "hexagon": 0.6, "diamond": 0.44}
"""shapes that others can lie inside of: the share of their box, about the centre, that is surely ink"""

COMMON = tuple(
    "heart gear house star bell camera car bicycle tree leaf key lock flag gift anchor bolt cloud moon umbrella "
    "bookmark envelope phone fish cat horse crow plane rocket truck trophy crown hammer magnet bug snowflake guitar "
    "carrot ghost eye scissors".split()
)
"""the 40 icons of level 1: one short word each, no two alike; a fixed list, so some are held-out names of `icons`"""


OPEN = tuple(
    "heart house star bell camera leaf lock flag cloud moon bookmark envelope fish crown truck trophy ghost umbrella "
    "bomb bone egg file folder lightbulb mitten plug shield shirt tent tooth trash wallet".split()
)
"""the 32 icons of level 4: of these a thick line inside the edge leaves an opening, so that every style shows"""


@cache
def drawing(key: str) -> Drawing:
    """The drawing with this key; icons are parsed and measured once per process."""
    upright, at, turn = key.rpartition("~")
    if at:
        return _turned(drawing(upright), int(turn))
    plain, at, style = key.rpartition("@")
    if at:
        body, view, _ = drawing(plain)
        return Drawing(pen(body, view, style, DRAWN_BY_PEN.get(plain.partition("/")[0], "faint")), view, body)
    kind, _, rest = key.partition("/")
    if kind == "icon":
        name, _, weight = rest.partition("/")
        return _cropped(*glyphs.icon(name, weight))
    if kind == "shape":
        name, _, stroke = rest.partition("/")
        return _filled(name) if stroke == "filled" else _outlined(name)
    if kind == "text":
        return _text(rest)
    return Drawing(*widgets.WIDGETS[kind].draw(rest))


def wrap(body: str, view: View, width: int, height: int) -> str:
    """A whole SVG document of `width` x `height` pixels that `body`'s `view` fills, in black ink."""
    x, y, w, h = view
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="{x:g} {y:g} {w:g} {h:g}" preserveAspectRatio="none">{body}</svg>'
    )


def _turned(drawn: Drawing, degrees: int) -> Drawing:
    """The drawing turned clockwise about its middle, and the extent of its ink as it then is."""
    x, y, w, h = drawn.view
    middle = x + w / 2, y + h / 2
    reach = math.hypot(w, h)
    whole = (middle[0] - reach / 2, middle[1] - reach / 2, reach, reach)
    body, plain = (
        part and f'<g transform="rotate({degrees} {middle[0]:.4f} {middle[1]:.4f})">{part}</g>'
        for part in (drawn.body, drawn.plain)
    )
    return Drawing(body, _cropped(body, whole).view, plain)


def _cropped(body: str, view: View) -> Drawing:
    x, y, w, h = view
    scale = MEASURE / max(w, h)
    alpha = rasterize(wrap(body, view, math.ceil(w * scale), math.ceil(h * scale)))[..., 3]
    (left, right), (top, bottom) = _edges(alpha.max(0)), _edges(alpha.max(1))
    sx, sy = w / alpha.shape[1], h / alpha.shape[0]
    return Drawing(body, (x + left * sx, y + top * sy, (right - left) * sx, (bottom - top) * sy))


def _edges(profile: np.ndarray) -> tuple[float, float]:
    """Where ink begins and ends along a row of coverages 0..255, to a fraction of a pixel: an edge covers its pixel in
    part."""
    inked = np.flatnonzero(profile)
    first, last = int(inked[0]), int(inked[-1])
    return first + 1 - float(profile[first]) / 255, last + float(profile[last]) / 255


def _filled(name: str) -> Drawing:
    return Drawing(*SHAPES[name])


def _outlined(name: str) -> Drawing:
    """The shape drawn by a line about its edge, a tenth of its side wide, corners mitred."""
    body, view = SHAPES[name]
    pad = 10.0
    pen = f'<g fill="none" stroke="currentColor" stroke-width="10" stroke-miterlimit="10">{body}</g>'
    return _cropped(pen, (view[0] - pad, view[1] - pad, view[2] + 2 * pad, view[3] + 2 * pad))


SPACE = 60.0
"""units between two letters, of a letter height of about 450"""


def _text(words: str) -> Drawing:
    bodies, at, top, bottom = [], 0.0, math.inf, -math.inf
    for letter in words:
        glyph = drawing(f"icon/{glyphs.letter(letter)}/solid")
        x, y, w, h = glyph.view
        bodies.append(f'<g transform="translate({at - x:.2f} 0)">{glyph.body}</g>')
        at, top, bottom = at + w + SPACE, min(top, y), max(bottom, y + h)
    return Drawing("".join(bodies), (0.0, top, at - SPACE, bottom - top))
