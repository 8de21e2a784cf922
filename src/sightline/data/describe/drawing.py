"""What an SVG is made of: its shapes with their paints, its texts, the names of its parts, and pictures of some of it.

The tree is the one that is drawn (`decode.svg`): parsed safely, styles worked out, links to other files dropped.
"""

import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import tinycss2

from sightline.data.decode.svg.colour import rgba
from sightline.data.decode.svg.cost import ASIDE, SHAPES
from sightline.data.decode.svg.rasterize import rasterize
from sightline.data.decode.svg.sheet import sheets_of
from sightline.data.decode.svg.style import resolve
from sightline.data.decode.svg.text import text_of
from sightline.data.decode.svg.tree import SVG_SPACE, parse
from sightline.data.sample import BadSample

LEAVES = 2_000
"""shapes and texts; a drawing of more is told from its pixels"""
LOOKS = 400_000
"""at pairs of a style rule and an element: a second or two"""
DEEP = 6
"""`use` inside what is used"""
INHERITED = ("fill", "stroke", "color", "visibility", "stroke-dasharray", "font-family")
GRADIENT = "gradient"
"""the paint that is a gradient or a pattern; others are "" for none, or #rrggbb"""

MARK = "data-leaf"


@dataclass(slots=True)
class Leaf:
    """A shape, an embedded picture or a text that is drawn."""

    kind: str
    """its element's name: path, rect, circle, ..., image, text"""
    fill: str
    stroke: str
    node: ET.Element
    trail: tuple[int, ...]
    """which child of which child of the root it lies in"""
    around: tuple[ET.Element, ...]
    """the elements from below the root down to itself"""
    dashed: bool = False
    fonts: str = ""
    text: str = ""

    @property
    def paint(self) -> str:
        """Its main colour: that of its body, else of its line."""
        return self.fill or self.stroke


@dataclass(slots=True)
class Drawing:
    """A parsed drawing: its leaves from back to front."""

    root: ET.Element
    leaves: list[Leaf] = field(default_factory=list)
    shadows: bool = False
    """it has a filter that blurs or drops a shadow"""

    def pixels(self, keep: Collection[int], size: int) -> np.ndarray | None:
        """Only the leaves of these numbers, uint8 RGBA (y, x, 4), shorter side `size`; None where nothing shows."""
        copy = deepcopy(self.root)
        for parent in list(copy.iter()):
            for child in list(parent):
                if (mark := child.get(MARK)) is not None and int(mark) not in keep:
                    parent.remove(child)
        copy.set("xmlns", SVG_SPACE)
        try:
            return rasterize(ET.tostring(copy, encoding="unicode"), size)
        except BadSample:
            return None


def read(data: bytes) -> Drawing | None:
    """The drawing; None where it has too many shapes or rules to be taken apart. BadSample where it is none."""
    text = text_of(data)
    tree = parse(text)
    sheets = sheets_of(tree.root)
    elements = sum(1 for _ in tree.root.iter())
    pairs = elements * (0 if sheets is None else sheets.rules * (20 if sheets.combined else 1))
    if pairs > LOOKS or text.count("--") * elements > LOOKS:
        return None
    resolve(tree, sheets)
    found = Drawing(tree.root)
    found.shadows = any(True for kind in ("feDropShadow", "feGaussianBlur") for _ in tree.root.iter(kind))
    ids = {one.get("id"): one for one in tree.root.iter() if one.get("id")}
    # a `use` is one node however much it draws, so its leaves have its number
    for place, leaf in enumerate(_leaves(tree.root, {}, (), (), ids, 0)):
        if place >= LEAVES:
            return None
        found.leaves.append(leaf)
    numbers: dict[int, int] = {}
    for leaf in found.leaves:
        number = numbers.setdefault(id(leaf.node), len(numbers))
        leaf.node.set(MARK, str(number))
    return found


def number(leaf: Leaf) -> int:
    """What `Drawing.pixels` calls it; those that one `use` draws share a number."""
    return int(leaf.node.get(MARK, "-1"))


def shared(leaves: Sequence[Leaf]) -> list[ET.Element]:
    """The elements that hold all of some leaves, outermost first."""
    inside = [{id(one) for one in leaf.around} for leaf in leaves]
    return [one for one in leaves[0].around if all(id(one) in ids for ids in inside)]


def rgb(paint: str) -> tuple[int, int, int]:
    """The colour of a paint that is one."""
    return int(paint[1:3], 16), int(paint[3:5], 16), int(paint[5:7], 16)


def _leaves(
    element: ET.Element,
    above: dict[str, str],
    trail: tuple[int, ...],
    around: tuple[ET.Element, ...],
    ids: dict[str | None, ET.Element],
    deep: int,
) -> Iterator[Leaf]:
    """Leaves in and below an element, back to front; `above` are the properties handed down to it."""
    style = _style(element, above)
    if style.get("display") == "none" or _share(style.get("opacity")) == 0:
        return
    kind = element.tag
    if kind == "use" and deep < DEEP:
        target = ids.get(element.get("href", "").strip()[1:])
        if target is not None:
            inner = _leaves(target, style, trail, (*around, target), ids, deep + 1)
            for leaf in inner:
                leaf.node = element
                yield leaf
        return
    if kind in SHAPES or kind in {"text", "image"}:
        leaf = _leaf(element, style, trail, around)
        if leaf is not None:
            yield leaf
        return
    for place, child in enumerate(element):
        if child.tag not in ASIDE:
            yield from _leaves(child, style, (*trail, place), (*around, child), ids, deep)


def _leaf(
    element: ET.Element, style: dict[str, str], trail: tuple[int, ...], around: tuple[ET.Element, ...]
) -> Leaf | None:
    if style.get("visibility") in {"hidden", "collapse"}:
        return None
    if element.tag == "image":
        return Leaf("image", GRADIENT, "", element, trail, around)
    fill = _paint(style.get("fill", "#000"), style) if _share(style.get("fill-opacity")) else ""
    stroke = _paint(style.get("stroke", "none"), style) if _share(style.get("stroke-opacity")) else ""
    if element.tag == "line":
        fill = ""
    text = _written(element) if element.tag == "text" else ""
    if not fill and not stroke or element.tag == "text" and not text:
        return None
    dashed = bool(stroke) and style.get("stroke-dasharray", "none") not in {"none", "0", ""}
    fonts = style.get("font-family", "")
    if element.tag == "text" and not fonts:
        fonts = next((_style(one, {}).get("font-family", "") for one in element.iter("tspan")), "")
    return Leaf(element.tag, fill, stroke, element, trail, around, dashed, fonts, text)


def _style(element: ET.Element, above: dict[str, str]) -> dict[str, str]:
    """The properties of an element: what is handed down, its attributes, its `style`."""
    own = {name: above[name] for name in INHERITED if name in above}
    pairs = [one.partition(":") for one in element.get("style", "").split(";")]
    for name, value in [*element.attrib.items(), *((name.strip(), value) for name, _, value in pairs)]:
        if value.strip().lower() == "inherit":
            own[name] = above.get(name, own.get(name, ""))
        else:
            own[name] = value.strip()
    if "font" in own and "font-family" not in element.attrib:
        own["font-family"] = own["font"]
    return own


def _paint(value: str, style: dict[str, str]) -> str:
    low = value.strip().lower()
    if low.startswith("url("):
        return GRADIENT
    if low == "currentcolor":
        low = style.get("color", "#000")
    found = None if low in {"none", "transparent", ""} else rgba(tinycss2.parse_one_component_value(low))
    if found is None or isinstance(found, str):
        return "#000000" if found else ""
    return (
        "#{:02x}{:02x}{:02x}".format(*(round(255 * min(max(part, 0.0), 1.0)) for part in found[:3])) if found[3] else ""
    )


def _share(value: str | None) -> float:
    """An opacity; 1 where there is none, or none that is a number."""
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 1.0


def _written(element: ET.Element) -> str:
    """The characters of a text on one line; a `tspan` that is placed by itself begins a word."""
    parts = [element.text or ""]
    for child in element:
        placed = any(child.get(name) for name in ("x", "y", "dy"))
        # a title of a part is shown on asking, and not drawn
        parts += [" " if placed else "", "" if child.tag == "title" else _written(child), child.tail or ""]
    return " ".join("".join(parts).split())
