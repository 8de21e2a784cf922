"""Scenes by level, drawn from one integer: what is on the canvas, where, and which relations the caption will name.

Every choice comes from `Random(key).random()`, the one call whose sequence Python promises to keep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple, TypeVar

from sightline.data.scenes import vocabulary
from sightline.data.scenes.drawings import HOLDS, drawing
from sightline.data.scenes.palette import (
    BACKGROUNDS,
    BASIC,
    BASIC_BACKGROUNDS,
    COLOURS,
    CONTRAST_TEXT,
    Background,
    inks,
)
from sightline.data.scenes.relations import MARGIN, inside, meet, relation
from sightline.data.scenes.scene import Box, Clause, Element, Scene, place
from sightline.data.scenes.vocabulary import Thing
from sightline.data.scenes.widgets import WIDGETS

Draw = Callable[[], float]
T = TypeVar("T")

ALL = tuple(COLOURS)
LENGTHS: dict[int, dict[str, tuple[float, ...]]] = {
    1: {"one": (0.48, 0.58, 0.68), "two": (0.34, 0.38, 0.42)},
    2: {"small": (0.2, 0.22), "medium": (0.29, 0.32), "large": (0.42, 0.46)},
    3: {"small": (0.18,), "medium": (0.25, 0.29), "large": (0.4,)},
}
"""longer side of icons and shapes as a share of the canvas: few values, so that few parts are made"""
TEXT_HEIGHTS = (("small", 0.09), ("medium", 0.12), ("large", 0.16))
SIZES = ("small", "medium", "large")
SINGLE = 0.25
"""share of level-1 scenes with one object"""
COPY = 0.15
"""chance that an object repeats the name of an earlier one, so that phrases need more than the type"""
HIDE = 0.35
"""largest share of a box that other boxes may cover in all"""
TRIES = 14


def compose(level: int, side: int, key: int) -> Scene:
    """The scene of this `level` on a canvas of `side` pixels that the integer `key` stands for."""
    draw = Random(key).random
    return _pair(side, draw) if level == 1 else _crowd(level, side, draw)


def pick(choices: Sequence[T], draw: Draw) -> T:
    return choices[int(draw() * len(choices))]


def extent(key: str, longer: int) -> tuple[int, int]:
    """Width and height in pixels of a drawing whose longer side is `longer`."""
    _, _, w, h = drawing(key).view
    return (longer, max(2, round(longer * h / w))) if w >= h else (max(2, round(longer * w / h)), longer)


def _pair(side: int, draw: Draw) -> Scene:
    background = pick(pick(BASIC_BACKGROUNDS, draw), draw)
    allowed = inks(background.a, background.b, BASIC)
    pool = vocabulary.pool(1)
    first, colour = pick(pool, draw), pick(allowed, draw)
    if draw() < SINGLE:
        w, h = extent(first.filled, round(pick(LENGTHS[1]["one"], draw) * side))
        box = (int(2 + draw() * (side - 3 - w)), int(2 + draw() * (side - 3 - h)), w, h)
        return Scene(1, side, background, (_element(first, colour, "medium", box),), (Clause(0),))
    second, other = pick(pool, draw), pick(allowed, draw)
    while second is first and other == colour:
        second, other = pick(pool, draw), pick(allowed, draw)
    a = extent(first.filled, round(pick(LENGTHS[1]["two"], draw) * side))
    b = extent(second.filled, round(pick(LENGTHS[1]["two"], draw) * side))
    along = int(draw() * 2)
    boxes = _apart(side, a, b, along, draw)
    elements = (_element(first, colour, "medium", boxes[0]), _element(second, other, "medium", boxes[1]))
    ends = (0, 1) if draw() < 0.5 else (1, 0)
    return Scene(1, side, background, elements, (Clause(ends[0], relation(elements, *ends), ends[1]),))


def _apart(side: int, a: tuple[int, int], b: tuple[int, int], along: int, draw: Draw) -> tuple[Box, Box]:
    """Two boxes one after the other on axis `along` (0 across, 1 down), near enough in line for an unambiguous side."""
    across, gap = 1 - along, int(MARGIN * max(*a, *b)) + 1
    room = max(0, side - 2 - a[along] - b[along] - gap)
    start = 1 + int(draw() * room)
    next_ = start + a[along] + gap + int(draw() * (room - start + 1))
    reach = 0.4 * abs(next_ + b[along] / 2 - start - a[along] / 2)
    low = 1 + int(draw() * (side - 1 - a[across]))
    middle = low + a[across] / 2 + (2 * draw() - 1) * reach
    high = min(max(1, round(middle - b[across] / 2)), side - 1 - b[across])
    if abs(high + b[across] / 2 - low - a[across] / 2) > reach:
        low = min(max(1, round(high + b[across] / 2 - a[across] / 2)), side - 1 - a[across])
    if along == 0:
        return (start, low, *a), (next_, high, *b)
    return (low, start, *a), (high, next_, *b)


def _element(thing: Thing, colour: str, size: str, box: Box, outlined: bool = False) -> Element:
    key = thing.outlined if outlined else thing.filled
    return Element(thing.kind, thing.name, key, colour, size, "outlined" if outlined else "filled", box)


class _Wish(NamedTuple):
    """An element that has everything but its place."""

    element: Element
    crowded: bool
    """may overlap others of its sort"""


def _crowd(level: int, side: int, draw: Draw) -> Scene:
    background = pick(pick(BACKGROUNDS, draw), draw)
    allowed = inks(background.a, background.b, ALL)
    placed: list[Element] = []
    covered: list[float] = []
    for wish in _wishes(level, side, background, allowed, draw):
        _settle(wish, side, placed, covered, draw)
    first = _fill(level, side, placed, draw) if draw() < 0.3 else ()
    elements = tuple(placed)
    return Scene(level, side, background, elements, (*first, *stated(elements, first, draw)))


def _wishes(level: int, side: int, background: Background, allowed: tuple[str, ...], draw: Draw) -> list[_Wish]:
    pool, lengths = vocabulary.pool(level), LENGTHS[level]
    wishes: list[_Wish] = []
    objects = 2 + int(draw() * 3) if level == 2 else 3 + int(draw() * 4)
    if level == 3:
        bold = inks(background.a, background.b, ALL, CONTRAST_TEXT)
        for _ in range(int(draw() * 2.4)):
            wishes.append(_widget(side, pick(bold, draw), draw))
        for _ in range(min(int(draw() * 2.4), 8 - objects - len(wishes))):
            wishes.append(_text(side, pick(bold, draw), draw))
    shown = " ".join(wish.element.name for wish in wishes)
    first = len(wishes)
    while len(wishes) < first + objects:
        size = pick(SIZES, draw)
        colour = pick(allowed, draw)
        thing = pick(vocabulary.shapes(level) if draw() < 0.25 else pool, draw)
        if len(wishes) > first and draw() < COPY:
            earlier = pick(wishes[first:], draw).element
            thing = vocabulary.things(level)[earlier.name]
            colour = earlier.colour if draw() < 0.5 else colour
        # "the battery" must not also fit an icon called "battery full".
        if shown and any(word in shown for word in thing.name.split()):
            continue
        outlined = bool(thing.outlined) and draw() < 0.4
        w, h = extent(thing.outlined if outlined else thing.filled, round(pick(lengths[size], draw) * side))
        wishes.append(_Wish(_element(thing, colour, size, (0, 0, w, h), outlined), level == 3))
    return wishes


def _widget(side: int, colour: str, draw: Draw) -> _Wish:
    kind = pick([kind for kind, widget in WIDGETS.items() if widget.values], draw)
    widget = WIDGETS[kind]
    value = pick(widget.values, draw)
    size, length = pick(widget.lengths, draw)
    w, h = extent(f"{kind}/{value}", round(length * side))
    shown = widget.value(value)
    return _Wish(Element("widget", widget.name, f"{kind}/{value}", colour, size, "filled", (0, 0, w, h), shown), False)


def _text(side: int, colour: str, draw: Draw) -> _Wish:
    words = pick(vocabulary.WORDS, draw)
    size, height = pick(TEXT_HEIGHTS, draw)
    _, _, w, h = drawing(f"text/{words}").view
    high = min(round(height * side), int(0.94 * side * h / w))
    box = (0, 0, round(high * w / h), high)
    return _Wish(Element("text", "text", f"text/{words}", colour, size, "filled", box, words), False)


def _settle(wish: _Wish, side: int, placed: list[Element], covered: list[float], draw: Draw) -> None:
    """Give the wish the first random place that suits everything `placed`, or give it up."""
    element, crowded = wish
    if element.kind == "widget" and any(e.name == element.name for e in placed):
        return
    _, _, w, h = element.box
    for _ in range(TRIES):
        box = (1 + int(draw() * (side - 1 - w)), 1 + int(draw() * (side - 1 - h)), w, h)
        shares = _covers(element, crowded, box, placed, covered)
        if shares is None or _twin(element, box, side, placed):
            continue
        total = 0.0
        for k, share in shares:
            covered[k] += share
            total += share
        placed.append(element._replace(box=box))
        covered.append(total)
        return


def _covers(
    element: Element, crowded: bool, box: Box, placed: list[Element], covered: list[float]
) -> list[tuple[int, float]] | None:
    """For each placed element that `box` meets, how much of the smaller box is shared; None where that is too much."""
    shares, total = [], 0.0
    for k, other in enumerate(placed):
        if not meet(box, other.box, 2.0):
            continue
        if not crowded or other.kind in ("widget", "text") or other.colour == element.colour:
            return None
        ox, oy, ow, oh = other.box
        x, y, w, h = box
        common = max(0, min(x + w, ox + ow) - max(x, ox)) * max(0, min(y + h, oy + oh) - max(y, oy))
        share = common / min(w * h, ow * oh)
        total += share
        if total > HIDE or covered[k] + share > HIDE:
            return None
        shares.append((k, share))
    return shares


def _twin(element: Element, box: Box, side: int, placed: list[Element]) -> bool:
    """Whether type, colour, size and place together would not tell the new element from one that is there."""
    for other in placed:
        if other.name == element.name and other.colour == element.colour and other.size == element.size:
            if other.value == element.value and place(other.box, side) == place(box, side):
                return True
    return False


def _fill(level: int, side: int, placed: list[Element], draw: Draw) -> tuple[Clause, ...]:
    """Put a small thing inside a plain shape, where one stands with nothing on it, and say so."""
    names = {e.name for e in placed}
    for at, holder in enumerate(placed):
        x, y, w, h = holder.box
        if holder.kind != "shape" or holder.name not in HOLDS or len(placed) >= (4 if level == 2 else 8):
            continue
        if any(e is not holder and meet(e.box, holder.box) for e in placed):
            continue
        share = HOLDS[holder.name] * (0.85 if holder.stroke == "filled" else 0.72)
        longer = int(share * min(w, h))
        thing, ground = pick(vocabulary.pool(level), draw), COLOURS[holder.colour]
        if longer < side / 8 or thing.name in names or any(word in " ".join(names) for word in thing.name.split()):
            continue
        # Inside an outlined shape lies the canvas, on which its own ink is known to be legible.
        choices = inks(ground, ground, ALL) if holder.stroke == "filled" else (holder.colour,)
        iw, ih = extent(thing.filled, longer)
        box = (x + (w - iw) // 2, y + (h - ih) // 2, iw, ih)
        if inside(box, holder):
            placed.append(_element(thing, pick(choices, draw), "small", box))
            return (Clause(len(placed) - 1, "inside", at),)
    return ()


def stated(elements: tuple[Element, ...], said: tuple[Clause, ...], draw: Draw) -> list[Clause]:
    """One clause for every element not yet `said`: in pairs where a relation holds without doubt, else alone."""
    done = {k for clause in said for k in (clause.subject, clause.object)}
    left = sorted((k for k in range(len(elements)) if k not in done), key=lambda _: draw())
    clauses = []
    while left:
        subject = left.pop()
        for object in left:
            stands = relation(elements, subject, object)
            if stands:
                left.remove(object)
                clauses.append(Clause(subject, stands, object))
                break
        else:
            clauses.append(Clause(subject))
    return clauses
