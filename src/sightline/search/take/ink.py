"""The colours that a drawing is drawn in, and the drawing in another one.

What is black or white inside a mask or a clip path says what is seen, not in which colour, and is left alone.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sightline.data.decode.svg.colour import levels
from sightline.data.decode.svg.cost import SHAPES
from sightline.data.decode.svg.sheet import declarations_of
from sightline.search.take.drawing import Drawing

CURRENT = "currentColor"
BLACK = "#000000"
HEX = re.compile(r"#[0-9a-f]{6}")
PICTURE = "picture"
"""in place of a colour: an embedded raster"""
ASIDE = frozenset({"mask", "clipPath"})
UNFILLED = frozenset({"line"})
WRITTEN = frozenset({"text", "tspan", "textPath"})
PAINTS = ("fill", "stroke", "stop-color", "flood-color", "lighting-color", "color")
LONGEST = 200
"""characters of a colour that is read; what is longer nests others"""
MOST = 32
"""colours that are told apart"""


@dataclass(frozen=True, slots=True)
class Ink:
    """A colour without its transparency, as `#rrggbb`, `currentColor`, or what it could not be read as."""

    colour: str
    alpha: float = 1.0


def inks(drawing: Drawing) -> list[str]:
    """Every colour once, in the order in which it is met; `currentColor` and an embedded `picture` count as one."""
    found: dict[str, None] = {}
    for one in _met(drawing.root, {"fill": BLACK, "stroke": "none", "color": CURRENT}):
        found.setdefault(one)
        if len(found) == MOST:
            break
    return list(found)


def recoloured(drawing: Drawing, colour: str) -> Drawing:
    """The drawing in `colour`, changed in place: all of its `currentColor`, else the one colour that it has.

    `colour` is any of CSS, or `currentColor`, which makes a drawing of one colour follow the text around it. ValueError
    where it is none, or where the drawing has several colours of its own.
    """
    wanted = Ink(colour_of(colour))
    own = inks(drawing)
    if CURRENT not in own and (len(own) != 1 or own[0] == PICTURE):
        have = f"{len(own)} colours of its own" if len(own) > 1 else "no colour of its own"
        raise ValueError(f"this drawing has {have}; only drawings of one colour, or with currentColor, are recoloured")
    _paint(drawing.root, CURRENT if CURRENT in own else own[0], wanted)
    if own == [BLACK] and "fill" not in _own(drawing.root):
        drawing.root.set("fill", _written(wanted, 1.0))
    return drawing


def colour_of(said: str) -> str:
    """A colour of CSS as `#rrggbb`, or `currentColor`. ValueError where it is none, or seen through."""
    ink = _ink(said)
    if ink is None or ink.alpha < 1 or not (ink.colour == CURRENT or HEX.fullmatch(ink.colour)):
        raise ValueError(f"{said[:80]!r} is no colour; give one such as #3d4fd1, teal or currentColor")
    return ink.colour


def _met(element: ET.Element, above: dict[str, str]) -> Iterator[str]:
    if element.tag in ASIDE:
        return
    own = _own(element)
    now = {name: above[name] if own.get(name, "inherit") == "inherit" else own[name] for name in above}
    if element.tag in SHAPES or element.tag in WRITTEN:
        painted = [now["stroke"]] if element.tag in UNFILLED else [now["fill"], now["stroke"]]
    elif element.tag == "use":
        painted = [own[name] for name in ("fill", "stroke") if name in own]
    elif element.tag == "stop":
        painted = [own.get("stop-color", BLACK)]
    else:
        painted = [own[name] for name in ("flood-color", "lighting-color") if name in own]
    for value in painted:
        ink = _ink(value)
        if ink is not None and ink.colour == CURRENT:
            ink = _ink(now["color"])
        if ink is not None:
            yield ink.colour
    if element.tag in {"image", "feImage"}:
        yield PICTURE
    for child in element:
        yield from _met(child, now)


def _paint(element: ET.Element, old: str, new: Ink) -> None:
    """Gives everything of the colour `old` the new one."""
    if element.tag in ASIDE:
        return

    def changed(value: str) -> str:
        ink = _ink(value)
        return value if ink is None or ink.colour != old else _written(new, ink.alpha)

    for name in PAINTS:
        if name in element.attrib:
            element.set(name, changed(element.attrib[name]))
    if "style" in element.attrib:
        element.set("style", _restyled(element.attrib["style"], changed))
    if element.tag == "stop" and old == BLACK and "stop-color" not in _own(element):
        element.set("stop-color", _written(new, 1.0))
    for child in element:
        _paint(child, old, new)


def _restyled(style: str, changed: Callable[[str], str]) -> str:
    pairs = [(one.name, changed(one.value) if one.name in PAINTS else one.value) for one in declarations_of(style)]
    return ";".join(f"{name}:{value}" for name, value in pairs)


def _own(element: ET.Element) -> dict[str, str]:
    """The paints that an element states, its `style` over its attributes."""
    own = {name: element.attrib[name].strip() for name in PAINTS if name in element.attrib}
    if "style" in element.attrib:
        own |= {one.name: one.value for one in declarations_of(element.attrib["style"]) if one.name in PAINTS}
    return own


def _ink(value: str) -> Ink | None:
    """The colour of a paint; None for what is none, and for a gradient, whose stops have their own."""
    low = value.strip().lower()
    if low in {"none", "transparent", "", "inherit", "context-fill", "context-stroke"} or low.startswith("url("):
        return None
    if low == CURRENT.lower():
        return Ink(CURRENT)
    if len(low) > LONGEST:
        return Ink(low[:LONGEST])
    found = levels(low)
    if found is None or isinstance(found, str):
        return Ink(CURRENT if found else low)
    *sides, alpha = found
    return Ink("#{:02x}{:02x}{:02x}".format(*sides), alpha) if alpha else None


def _written(ink: Ink, alpha: float) -> str:
    alpha *= ink.alpha
    if alpha >= 1:
        return ink.colour
    if ink.colour == CURRENT:
        return f"color-mix(in srgb, {CURRENT} {100 * alpha:.4g}%, transparent)"
    return f"{ink.colour}{round(255 * alpha):02x}"
