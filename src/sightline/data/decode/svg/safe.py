"""SVG from strangers, made safe to draw: what is checked here is written out again, and only that is drawn.

A renderer is native code without a clock: it follows file references, expands `use` and patterns without end, decodes
embedded bombs, and recurses on its stack. So the text is parsed, references other than `#id` and embedded rasters are
dropped (`tree`), styles are worked out (`style`), what references multiply is counted (`cost`), and the
rest is serialised for the renderer.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from html import escape

from sightline.data.decode.svg.cost import ASIDE, SHAPES, TEXTS, Cost, cost_of
from sightline.data.decode.svg.math import PIXELS
from sightline.data.decode.svg.sheet import sheets_of
from sightline.data.decode.svg.style import resolve
from sightline.data.decode.svg.text import text_of
from sightline.data.decode.svg.tree import Tree, parse

LENGTH = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-zA-Z]*)\s*")
PREFIXES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
LOOKS = 4000
"""at elements, and at pairs of a rule and an element, that a drawing may take which is drawn in this process"""
HANDED = 200_000
"""custom properties handed to elements in such a drawing; each takes some 20 ns"""


class Costly(Exception):
    """Not to be worked out between two answers to others."""


@dataclass(frozen=True, slots=True)
class SafeSVG:
    """What may be drawn, and what the picture says of itself."""

    text: str
    ratio: float | None
    """width / height as stated by the root; None where it states none"""
    words: bool
    """it draws text, so fonts are needed"""
    title: str
    cost: Cost
    why_blank: str
    """what to say where nothing is drawn"""


def sanitize(svg: str | bytes, *, quick: bool = False) -> SafeSVG:
    """An SVG parsed and written again with only what may be drawn.

    BadSample says why it is refused: malformed, nested entities, or too costly.

    With `quick` it is given up (Costly) as soon as it is known to take more than a few milliseconds.
    """
    tree = parse(svg if isinstance(svg, str) else text_of(svg))
    root = tree.root
    sheets = sheets_of(root)
    if quick and sheets is not None:
        elements = sum(1 for _ in root.iter())
        if sheets.combined or sheets.rules * elements > LOOKS:
            raise Costly
    if quick and handed(root) > HANDED:
        raise Costly
    resolve(tree, sheets)
    cost = cost_of(root, LOOKS) if quick else cost_of(root)
    out: list[str] = []
    _write(root, out)
    return SafeSVG("".join(out), ratio_of(root), "text" in cost.slow, tree.title, cost, _why_blank(tree))


def handed(root: ET.Element) -> int:
    """How often a custom property is handed down at most: each to every element that has properties of its own."""
    inline = [count for one in root.iter() if (count := one.get("style", "").count("--"))]
    ruled = sum((one.text or "").count("--") for one in root.iter("style"))
    return (sum(inline) + ruled) * (sum(1 for _ in root.iter()) if ruled else len(inline))


def _write(element: ET.Element, out: list[str]) -> None:
    kind = element.tag
    if kind in {"style", "title"}:
        return
    space = f" {PREFIXES}" if not out else ""
    out.append(f"<{kind}{space}" + "".join(f' {key}="{escape(value)}"' for key, value in element.attrib.items()))
    if not len(element) and not element.text:
        out.append("/>")
    else:
        out.append(">" + escape(element.text or "", quote=False))
        for child in element:
            _write(child, out)
            if child.tail:
                out.append(escape(child.tail, quote=False))
        out.append(f"</{kind}>")


def _why_blank(tree: Tree) -> str:
    """The likeliest reason, should the drawing turn out to show nothing."""
    root = tree.root
    if tree.outer:
        return f"what it shows is in another file ({tree.outer[0]}), and links are not followed"
    placed = [one.tag for one in _placed(root)]
    if not any(kind in SHAPES or kind in TEXTS or kind in {"use", "image"} for kind in placed):
        if symbols := [one.get("id", "?") for one in root.iter("symbol")]:
            names = ", ".join(symbols[:3]) + (", ..." if len(symbols) > 3 else "")
            return f"it holds {len(symbols)} symbols for others to use ({names}) and draws none"
        if tree.html:
            return "it holds HTML (foreignObject), which is not drawn"
        return "it holds no shape that is drawn"
    return "all it holds is hidden, transparent or outside of its viewBox"


def _placed(element: ET.Element) -> list[ET.Element]:
    """Elements in their own place, not those kept aside for reference."""
    found = [element]
    for child in element:
        if child.tag not in ASIDE:
            found += _placed(child)
    return found


def length(text: str | None) -> float | None:
    """A length in pixels; None for percentages and what is no length."""
    match = LENGTH.fullmatch(text or "")
    scale = PIXELS.get(match[2].lower()) if match else None
    return float(match[1]) * scale if match and scale is not None else None


def ratio_of(root: ET.Element | dict[str, str]) -> float | None:
    """Width over height of the root by its size, else by its viewBox; None where neither tells."""
    size = size_of(root)
    return None if size is None else size[0] / size[1]


def size_of(root: ET.Element | dict[str, str]) -> tuple[float, float] | None:
    """Width and height of the root in pixels by its size, else in units of its viewBox; None where neither tells."""
    width, height = length(root.get("width")), length(root.get("height"))
    if not (width and height):
        numbers = re.split(r"[\s,]+", root.get("viewBox", "").strip())
        try:
            width, height = float(numbers[2]), float(numbers[3])
        except (ValueError, IndexError):
            return None
    return (width, height) if width > 0 and height > 0 and 1e-9 < width / height < 1e9 else None
