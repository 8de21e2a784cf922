"""What drawing an SVG costs, in elements drawn once `use`, paints, markers, masks and filters are followed.

A paint that a group hands down is drawn for each shape inside, a marker at each vertex of a path, and a filter at each
pixel of its region: a few hundred bytes may ask for hours. A gradient, and a canvas of its own (opacity, a clip), are
paid at each pixel too.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from sightline.data.decode.svg.tree import DEPTH
from sightline.data.sample import BadSample

COST = 200_000
"""elements drawn after references are followed; a city map has about 50,000"""
PRIMITIVE = 50
"""what a step of a filter costs: it is paid per pixel, not per shape"""
WIDE = 400.0
"""what a filter's region is at most counted as, in times the shape"""
SIDE = 256.0
"""pixels of the picture's shorter side that radii are counted at"""
CHARACTERS = 1000
"""of path data that cost as much as a shape more"""

SHAPES = frozenset({"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"})
TEXTS = frozenset({"text", "tspan", "textPath", "tref"})
ASIDE = frozenset({"defs", "symbol", "clipPath", "mask", "pattern", "marker", "filter", "linearGradient",
                   "radialGradient", "style", "title", "stop", "view", "animate", "set"})  # fmt: skip
"""drawn only where they are referred to"""
LAYER = 7
"""what a canvas of its own costs, or a gradient: each takes its time at every pixel"""
LAYERS = ("clip-path", "mask", "filter", "opacity", "mix-blend-mode", "isolation")
"""properties that give an element a canvas of its own"""
SPECIAL = frozenset({*LAYERS, "style", "display"})
"""attributes of a shape that make it more than a shape"""
PROPERTY = re.compile(
    r"(?:^|;)(fill|stroke|stroke-dasharray|marker|marker-start|marker-mid|marker-end|clip-path|mask|filter|opacity"
    r"|mix-blend-mode|isolation|display):([^;]*)"
)
INHERITED = frozenset({"fill", "stroke", "stroke-dasharray", "marker", "marker-start", "marker-mid", "marker-end"})
LOCAL_URL = re.compile(r"""url\(\s*['"]?#([^'")\s]+)""", re.IGNORECASE)
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?%?")
VERTEX = re.compile(r"[a-zA-Z]|[-+]?[\d.]+")

Paints = tuple[str, str, str, bool]
"""what is handed down: references of fill, stroke and markers ("" where none), and whether strokes are dashed"""


class OverBudget(Exception):
    """Adding up the cost would take more looks than were allowed."""


@dataclass(slots=True)
class Cost:
    """How much there is to draw: elements with everything they refer to, and how deep they are nested."""

    elements: int = 0
    depth: int = 1
    slow: set[str] = field(default_factory=set)
    """kinds of things drawn whose time is not in proportion to these numbers"""


def cost_of(root: ET.Element, visits: int = 2 * COST) -> Cost:
    """What drawing an SVG costs.

    BadSample where it is more than COST elements or deeper than DEPTH; OverBudget after `visits` looks.
    """
    bill = _Bill(root, visits)
    elements, depth = bill.drawn(root, ("", "", "", False), 1)
    if elements > COST:
        raise BadSample(f"SVG draws more than {COST:,} elements when its references are followed")
    bill.found.elements, bill.found.depth = elements, depth
    return bill.found


class _Bill:
    """Adds up the cost of a drawing by following its references, at most a given number of looks."""

    def __init__(self, root: ET.Element, visits: int) -> None:
        self.found = Cost()
        self.left = visits
        self.ids: dict[str, ET.Element] = {}
        self.handed: dict[ET.Element, Paints] = {}
        self.known: dict[tuple[ET.Element, Paints], tuple[int, int]] = {}
        self.aside: dict[ET.Element, tuple[int, int]] = {}
        self.busy: set[ET.Element] = set()
        self.user = _unit(root)
        self.note(root, ("", "", "", False))

    def note(self, element: ET.Element, paints: Paints) -> None:
        """Elements by id, and what is handed down to those that are drawn in their own place's style."""
        if (name := element.get("id")) and name not in self.ids:
            self.ids[name] = element
        if not len(element):
            return
        paints = _paints(_properties(element), paints)
        if element.tag in ASIDE:
            self.handed[element] = paints
        for child in element:
            self.note(child, paints)

    def drawn(self, element: ET.Element, paints: Paints, deep: int) -> tuple[int, int]:
        """(cost, depth) of drawing an element once. The renderer drops references to an element around them."""
        self.left -= 1
        if self.left < 0:
            raise OverBudget
        if not len(element) and element.tag in SHAPES and not SPECIAL & element.attrib.keys():
            cost, below = self.own(element, _paints(element.attrib, paints), deep)
            return cost, below + 1
        key = element, paints
        if key in self.known:
            return self.known[key]
        if deep > DEPTH:
            raise BadSample(f"SVG nested deeper than {DEPTH} elements when its references are followed")
        properties = _properties(element)
        if element in self.busy or properties.get("display", "").strip() == "none":
            return 0, 0
        self.busy.add(element)
        paints = _paints(properties, paints)
        cost, below = self.own(element, paints, deep)
        for name in ("clip-path", "mask", "filter"):
            if (target := self.target(properties.get(name))) is not None:
                more, under = self.referred(target, deep)
                cost, below = cost + more, max(below, under)
            elif name == "filter" and "(" in properties.get(name, ""):
                self.found.slow.add("filter")
                cost += 2 * PRIMITIVE * properties[name].count("(")
        if any(properties.get(name, "1").strip() not in {"1", "none", "normal", "auto"} for name in LAYERS):
            cost += 2 * LAYER if "clip-path" in properties else LAYER
        if element.tag == "use" and (target := self.target(f"url({element.get('href', '')})")) is not None:
            more, under = self.drawn(target, paints, deep + 1)
            cost, below = cost + more, max(below, under)
            if target.tag == "symbol":
                more, under = self.children(target, paints, deep + 1)
                cost, below = cost + more, max(below, under)
        elif element.tag not in ASIDE:
            more, under = self.children(element, paints, deep)
            cost, below = cost + more, max(below, under)
        self.busy.discard(element)
        self.known[key] = min(cost, COST + 1), below + 1
        return self.known[key]

    def own(self, element: ET.Element, paints: Paints, deep: int) -> tuple[int, int]:
        """(cost, depth) of what the element itself draws, with the paints and markers that it has or inherits."""
        kind = element.tag
        if kind not in SHAPES and kind not in TEXTS and kind != "image":
            return int(kind not in ASIDE), 0
        data = element.get("d") or element.get("points") or ""
        cost, below = 1 + len(data) // CHARACTERS, 0
        if kind in TEXTS:
            self.found.slow.add("text")
            cost += len(element.text or "")
        if kind == "image":
            self.found.slow.add("image")
        if paints[3]:
            self.found.slow.add("dash")
        for reference in paints[:2]:
            if reference and (target := self.ids.get(reference)) is not None:
                cost += LAYER
                if target.tag == "pattern":
                    more, under = self.referred(target, deep)
                    cost, below = cost + more, max(below, under)
        if paints[2] and kind in SHAPES:
            vertices = 1 + len(VERTEX.findall(data)) if data else 4
            for reference in paints[2].split():
                if (target := self.ids.get(reference)) is not None:
                    more, under = self.referred(target, deep)
                    cost, below = cost + vertices * more, max(below, under)
        return cost, below

    def referred(self, target: ET.Element, deep: int) -> tuple[int, int]:
        """(cost, depth) of a pattern, marker, mask, clip or filter: drawn in the style of its own place."""
        if target in self.aside:
            return self.aside[target]
        self.found.slow.add(target.tag)
        if target.tag == "filter":
            self.aside[target] = self.filtered(target), 0
            return self.aside[target]
        if target in self.busy:
            return 0, 0
        self.busy.add(target)
        cost, below = 1, 0
        seen: set[ET.Element] = set()
        link: ET.Element | None = target
        while link is not None and link not in seen:
            seen.add(link)
            more, under = self.children(link, self.handed.get(link, ("", "", "", False)), deep + 1)
            cost, below = cost + more, max(below, under)
            # a pattern may take its tiles from another, a clip be clipped again
            properties = _properties(link)
            for name in ("clip-path", "mask"):
                if (other := self.target(properties.get(name))) is not None:
                    more, under = self.referred(other, deep + 1)
                    cost, below = cost + more, max(below, under)
            link = self.target(f"url({link.get('href', '')})")
        self.busy.discard(target)
        self.aside[target] = min(cost, COST + 1), below + 1
        return self.aside[target]

    def children(self, element: ET.Element, paints: Paints, deep: int) -> tuple[int, int]:
        """(cost, depth) of drawing what is inside an element. BadSample where it is nested too deeply."""
        cost, below = 0, 0
        if deep > DEPTH:
            raise BadSample(f"SVG nested deeper than {DEPTH} elements when its references are followed")
        for child in element:
            more, under = self.drawn(child, paints, deep + 1)
            cost, below = cost + more, max(below, under)
        return min(cost, COST + 1), below

    def filtered(self, element: ET.Element) -> int:
        """The cost of a filter: each step on each pixel of the region; a dilation looks at a whole square for each."""
        share = {"width": 1.2, "height": 1.2}
        plain = element.get("filterUnits") != "userSpaceOnUse"
        for name in share:
            if (size := _number(element.get(name))) is not None:
                share[name] = size if plain or str(element.get(name)).endswith("%") else size * self.user / SIDE
        region = min(max(share["width"] * share["height"], 1.0), WIDE)
        cost = 0.0
        for step in element:
            weight = float(PRIMITIVE)
            if step.tag == "feMorphology":
                radius = min(
                    max(map(float, NUMBER.findall(step.get("radius", "0"))[:2]), default=0.0) * self.user, SIDE
                )
                weight += 2 * (2 * radius) ** 2
            elif step.tag == "feConvolveMatrix":
                weight *= 1 + len(step.get("kernelMatrix", "")) / 20
            elif step.tag == "feTurbulence":
                weight *= 2 * (_number(step.get("numOctaves")) or 1)
            cost += weight * region
        return int(min(cost, COST + 1))

    def target(self, value: str | None) -> ET.Element | None:
        """The element that a `url(#id)` names; None where there is none."""
        if not value or "#" not in value:
            return None
        found = LOCAL_URL.search(value)
        return self.ids.get(found[1]) if found else None


def _properties(element: ET.Element) -> dict[str, str]:
    """Attributes and the declarations over them."""
    style = element.get("style")
    return {**element.attrib, **dict(PROPERTY.findall(style))} if style else element.attrib


def _paints(properties: dict[str, str], above: Paints) -> Paints:
    """What holds inside: what the element says, else what was handed down."""
    if not INHERITED & properties.keys():
        return above
    fill, stroke, marker, dashed = above
    if (own := properties.get("fill")) is not None and own != "inherit":
        fill = _name(own)
    if (own := properties.get("stroke")) is not None and own != "inherit":
        stroke = _name(own)
    if any(key.startswith("marker") for key in properties):
        markers = [properties.get(key, "") for key in ("marker", "marker-start", "marker-mid", "marker-end")]
        marker = " ".join(sorted({name for name in map(_name, markers) if name}))
    if (own := properties.get("stroke-dasharray")) is not None:
        dashed = own.strip() not in {"none", "0", ""}
    return fill, stroke, marker, dashed


def _name(value: str) -> str:
    found = LOCAL_URL.search(value) if "(" in value else None
    return found[1] if found else ""


def _number(value: str | None) -> float | None:
    found = NUMBER.match((value or "").strip())
    if found is None:
        return None
    return float(found[0][:-1]) / 100 if found[0].endswith("%") else float(found[0])


def _unit(root: ET.Element) -> float:
    """Pixels that one of the drawing's own units is, at SIDE."""
    box = NUMBER.findall(root.get("viewBox", ""))
    sides = [_number(one) or 0.0 for one in (box[2:4] if len(box) == 4 else [root.get("width"), root.get("height")])]
    short = min(sides)
    return SIDE / short if short > 0 else 1.0
