"""An SVG as it may stand inside a page or another drawing: its scripts, handlers and links to elsewhere left out.

A style sheet holds for the whole page that it is put into. So where a drawing has one, its styles are worked out into
the elements, as they are before it is drawn, and no class and no rule is left; animations by CSS go with it.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from sightline.data.decode.svg.safe import handed, length, size_of
from sightline.data.decode.svg.sheet import sheets_of
from sightline.data.decode.svg.style import resolve
from sightline.data.decode.svg.text import text_of
from sightline.data.decode.svg.tree import parse
from sightline.data.sample import BadSample

LARGEST = 2 * 2**20
"""bytes of a drawing that is rewritten; larger ones are pictures to open, and not to paste"""
LOOKS = 400_000
"""at pairs of a rule and an element; each takes about a microsecond"""
HANDED = 20_000_000
NESTED = 20
"""brackets inside each other in a `style` attribute; one that has more is left out"""
ANIMATIONS = frozenset({"animate", "set", "animateTransform", "animateMotion", "animateColor", "discard"})
NAME = re.compile(r"[a-z][A-Za-z0-9-]*")
ATTRIBUTE = re.compile(r"(?:xml:)?[A-Za-z_][\w.-]*", re.ASCII)
OF_THE_FILE = ("version", "baseProfile", "enable-background", "xml:base")
"""attributes of a root that say nothing of what is drawn"""


@dataclass(slots=True)
class Drawing:
    """A drawing that may be written again, and what it calls itself."""

    root: ET.Element
    title: str

    @property
    def size(self) -> tuple[float, float] | None:
        """Its own width and height in pixels, by its attributes, else by its viewBox; None where it states neither."""
        width, height, box = length(self.root.get("width")), length(self.root.get("height")), view_box(self.root)
        if box is None or bool(width) == bool(height):
            return size_of(self.root)
        scale = width / box[2] if width else (height or 0) / box[3]  # of the side that is not stated, too
        return box[2] * scale, box[3] * scale


def view_box(root: ET.Element) -> tuple[float, float, float, float] | None:
    """The root's viewBox: x, y and a positive width and height; None where it has none."""
    try:
        x, y, width, height = (float(one) for one in re.split(r"[\s,]+", root.get("viewBox", "").strip()))
    except ValueError:
        return None
    return (x, y, width, height) if 0 < width < 1e9 and 0 < height < 1e9 else None


def drawing_of(svg: bytes) -> Drawing:
    """The drawing. BadSample says why it is none: malformed, too large, its style sheet too costly to work out."""
    if len(svg) > LARGEST:
        raise BadSample(f"this drawing has {len(svg) // 2**20} MB; up to {LARGEST // 2**20} MB are rewritten")
    tree = parse(text_of(svg))
    root = tree.root
    try:
        sheets = sheets_of(root)
        if sheets is not None:
            if sheets.rules * sum(1 for _ in root.iter()) > LOOKS or handed(root) > HANDED:
                raise BadSample("the style sheet of this drawing is too large to be worked out")
            resolve(tree, sheets)
    except RecursionError as error:
        raise BadSample("the style sheet of this drawing is nested too deeply") from error
    _clean(root, classes=sheets is None)
    for name in OF_THE_FILE:
        root.attrib.pop(name, None)
    return Drawing(root, tree.title)


def _clean(element: ET.Element, classes: bool) -> None:
    """Leaves out what may act: handlers, animations of links and handlers, and what is no element of SVG."""
    for key in list(element.attrib):
        if not ATTRIBUTE.fullmatch(key) or key.lower().startswith("on") or (key == "class" and not classes):
            del element.attrib[key]
    if _depth(element.get("style", "")) > NESTED:
        del element.attrib["style"]
    before: ET.Element | None = None
    for child in list(element):
        if not _acts(child) and not (child.tag == "title" and not (child.text or "").strip()):
            _clean(child, classes)
            before = child
            continue
        if child.tail and before is None:
            element.text = (element.text or "") + child.tail
        elif child.tail and before is not None:
            before.tail = (before.tail or "") + child.tail
        element.remove(child)


def _depth(style: str) -> int:
    """How many brackets are open at most: whoever parses them goes as deep."""
    deep = most = 0
    for one in style:
        if one in "([{":
            deep += 1
            most = max(most, deep)
        elif one in ")]}":
            deep -= 1
    return most


def _acts(element: ET.Element) -> bool:
    if not NAME.fullmatch(element.tag) or element.tag == "style":
        return True
    moved = element.get("attributeName", "").lower().rpartition(":")[2]
    return element.tag in ANIMATIONS and (moved.startswith("on") or moved in {"href", "style", "class"})
