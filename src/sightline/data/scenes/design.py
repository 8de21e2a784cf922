"""Level 4: a design. Things of three inks, one style and one grid of cells, in which any one factor can be changed.

Each thing has a cell of its own and nothing overlaps, so a change of one never reaches another.
"""

from __future__ import annotations

from functools import cache
from random import Random
from typing import NamedTuple

from sightline.data.scenes import vocabulary
from sightline.data.scenes.drawings import drawing
from sightline.data.scenes.layout import TEXT_HEIGHTS, Draw, extent, pick, stated
from sightline.data.scenes.palette import BACKGROUNDS, CONTRAST, CONTRAST_TEXT, PALETTES, Background, inks
from sightline.data.scenes.pen import STYLES, stroke
from sightline.data.scenes.scene import Box, Element, Scene
from sightline.data.scenes.widgets import WIDGETS, choices, redrawn

LEVEL = 4
MARGIN = 0.03
"""free share of the canvas on every side of a cell"""
FILLS = (0.8, 0.9, 1.0)
"""how much of its cell a thing takes"""
WIDE = 0.44
"""least length of a rating or a progress bar, as a share of the canvas"""
SMALL, LARGE = 0.3, 0.42
"""longer side of icons, shapes and widgets, as a share of the canvas, below and from which the size is said"""


class Cell(NamedTuple):
    """A rectangle in shares of the canvas, and what stands in it: object, widget or text."""

    holds: str
    x: float
    y: float
    w: float
    h: float


LAYOUTS: dict[str, tuple[Cell, ...]] = {
    "column": (Cell("text", 0, 0, 1, 0.24), Cell("widget", 0, 0.24, 1, 0.36), Cell("object", 0, 0.6, 1, 0.4)),
    "row": (
        Cell("object", 0, 0.2, 0.34, 0.6),
        Cell("widget", 0.34, 0.2, 0.33, 0.6),
        Cell("object", 0.67, 0.2, 0.33, 0.6),
    ),
    "grid": (
        Cell("object", 0, 0, 0.5, 0.5),
        Cell("widget", 0.5, 0, 0.5, 0.5),
        Cell("text", 0, 0.5, 0.5, 0.5),
        Cell("object", 0.5, 0.5, 0.5, 0.5),
    ),
    "header": (
        Cell("text", 0, 0, 1, 0.26),
        Cell("object", 0, 0.26, 0.45, 0.74),
        Cell("widget", 0.45, 0.26, 0.55, 0.74),
    ),
    "footer": (
        Cell("widget", 0, 0, 0.55, 0.74),
        Cell("object", 0.55, 0, 0.45, 0.74),
        Cell("text", 0, 0.74, 1, 0.26),
    ),
    "sidebar": (
        Cell("object", 0, 0, 0.4, 1),
        Cell("text", 0.4, 0, 0.6, 0.26),
        Cell("widget", 0.4, 0.26, 0.6, 0.37),
        Cell("widget", 0.4, 0.63, 0.6, 0.37),
    ),
}  # fmt: skip
"""the cells of every layout; none meets another"""


def compose(side: int, key: int) -> Scene:
    """The design on a canvas of `side` pixels that the integer `key` stands for; every factor is drawn by itself."""
    draw = Random(key).random
    style, layout = pick(tuple(STYLES), draw), pick(tuple(LAYOUTS), draw)
    background = pick(pick(BACKGROUNDS, draw), draw)
    palette = pick(palettes(background), draw)
    placed: list[Element] = []
    for cell in LAYOUTS[layout]:
        ink = pick(inks(background.a, background.b, PALETTES[palette], least(cell.holds)), draw)
        element = {"object": _object, "widget": _widget, "text": _text}[cell.holds](cell, side, style, placed, draw)
        x, y, w, h = _room(cell, side)
        _, _, ew, eh = element.box
        box = (x + int(draw() * (w - ew + 1)), y + int(draw() * (h - eh + 1)), ew, eh)
        placed.append(element._replace(colour=ink, box=box))
    elements = tuple(placed)
    return Scene(LEVEL, side, background, elements, tuple(stated(elements, (), draw)), style, palette, layout)


def least(kind: str) -> float:
    """The contrast ratio that an element of this kind needs."""
    return CONTRAST_TEXT if kind in ("text", "widget") else CONTRAST


@cache
def palettes(background: Background) -> tuple[str, ...]:
    """The palettes whose three inks all stand out from a background, one of them enough for letters."""

    def legible(names: tuple[str, ...]) -> bool:
        bold = inks(background.a, background.b, names, CONTRAST_TEXT)
        return bool(bold) and inks(background.a, background.b, names) == names

    return tuple(name for name, names in PALETTES.items() if legible(names))


def _room(cell: Cell, side: int) -> Box:
    pad = max(1, round(MARGIN * side))
    x, y = round(cell.x * side) + pad, round(cell.y * side) + pad
    return x, y, round((cell.x + cell.w) * side) - pad - x, round((cell.y + cell.h) * side) - pad - y


def _fitted(key: str, cell: Cell, side: int, draw: Draw) -> tuple[str, Box]:
    """A size word and an extent that fill the cell to one of three shares."""
    _, _, w, h = _room(cell, side)
    _, _, dw, dh = drawing(key).view
    most = min(w * max(1.0, dh / dw), h * max(1.0, dw / dh))
    longer = int(max(pick(FILLS, draw) * most, min(most, WIDE * side if dw > 3 * dh else 0.0)))
    while (found := extent(key, longer))[0] > w or found[1] > h:
        longer -= 1  # a shorter side rounded up
    size = "small" if longer < SMALL * side else "large" if longer >= LARGE * side else "medium"
    return size, (0, 0, *found)


def _object(cell: Cell, side: int, style: str, placed: list[Element], draw: Draw) -> Element:
    shown = " ".join(e.name for e in placed) + " " + " ".join(w.name for w in WIDGETS.values())
    free = [t for t in vocabulary.pool(LEVEL) if not any(word in shown for word in t.name.split())]
    thing = pick(free, draw)
    size, box = _fitted(thing.filled, cell, side, draw)
    return Element(thing.kind, thing.name, f"{thing.filled}@{style}", "", size, stroke(style), box)


def _widget(cell: Cell, side: int, style: str, placed: list[Element], draw: Draw) -> Element:
    names = {e.name for e in placed}
    _, _, width, _ = _room(cell, side)
    wide = WIDE * side <= width + 1
    free = [k for k, w in WIDGETS.items() if w.name not in names and (wide or k not in ("stars", "progress"))]
    kind = pick(free, draw)
    widget = WIDGETS[kind]
    first = f"{kind}/{pick(widget.values or widget.domain, draw)}"
    value = pick(choices(first), draw)
    key = redrawn(first, value)
    size, box = _fitted(key, cell, side, draw)
    return Element("widget", widget.name, f"{key}@{style}", "", size, "filled", box, value)


def _text(cell: Cell, side: int, style: str, placed: list[Element], draw: Draw) -> Element:
    _, _, width, _ = _room(cell, side)
    size, share = pick(TEXT_HEIGHTS, draw)
    height = max(4, round(share * side))
    fitting = [words for words in vocabulary.WORDS if text_width(words, height) <= width]
    words = pick(fitting, draw)
    return Element(
        "text", "text", f"text/{words}", "", size, "filled", (0, 0, text_width(words, height), height), words
    )


def text_width(words: str, height: int) -> int:
    """Pixels across of a text of this height."""
    _, _, w, h = drawing(f"text/{words}").view
    return round(height * w / h)
