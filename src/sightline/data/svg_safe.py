"""SVG from strangers, made safe to draw: what is checked here is written out again, and only that is drawn.

A renderer is native code without a clock: it follows file references, expands `use` and patterns without end, decodes
embedded bombs, and recurses on its stack. So the text is parsed (expat), references other than `#id` and embedded
rasters are dropped, the cost of what references multiply is bounded, and the rest is serialised for the renderer.
"""

import base64
import binascii
import io
import re
import xml.parsers.expat as expat
from collections import defaultdict
from dataclasses import dataclass, field
from html import escape
from urllib.parse import unquote_to_bytes

from PIL import Image

from sightline.data.sample import BadSample

CHARACTERS = 32 * 2**20
"""of the text, and of what its entities expand to"""
COST = 200_000
"""elements drawn after references are followed; a city map has about 50,000"""
DEPTH = 150
"""elements inside each other, references followed; 300 overflow the renderer's stack"""
EMBEDDED = 16 * 10**6
"""pixels of embedded rasters, all together"""

DROPPED = frozenset({"script", "foreignObject", "metadata", "iframe", "audio", "video", "handler"})
FREE = frozenset({"linearGradient", "radialGradient", "solidColor"})
"""targets of references that cost nothing to follow"""
RASTERS = ("PNG", "JPEG", "GIF", "WEBP")
TO_PIXELS = {"": 1, "px": 1, "pt": 4 / 3, "pc": 16, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96, "em": 16, "ex": 8}

LENGTH = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-z]*)\s*")
LOCAL_URL = re.compile(r"""url\(\s*['"]?#([^'")\s]+)""", re.IGNORECASE)
OUTER_URL = re.compile(r"""url\(\s*(?!['"]?\s*#)[^)]*\)""", re.IGNORECASE)
IMPORT = re.compile(r"@import[^;]*;?", re.IGNORECASE)
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class SafeSVG:
    """What may be drawn, and what the picture says of itself."""

    text: str
    ratio: float | None
    """width / height as stated by the root; None where it states none"""
    words: bool
    """it draws text, so fonts are needed"""
    depth: int
    title: str


@dataclass(slots=True)
class _Node:
    """An element with an id (or the root), and what drawing it once draws."""

    own: int = 1
    targets: list[str] = field(default_factory=list)
    depth: int = 1
    free: bool = False


def safe(svg: str | bytes) -> SafeSVG:
    """Parse and rewrite an SVG. BadSample says why it is refused: malformed, nested entities, or too costly."""
    if len(svg) > CHARACTERS:
        raise BadSample(f"SVG of {len(svg):,} characters, the limit is {CHARACTERS:,}")
    reader = _Reader()
    # a `str` is already decoded, whatever encoding its first line declares
    parser = expat.ParserCreate("utf-8" if isinstance(svg, str) else None)
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.EntityDeclHandler = reader.entity
    try:
        parser.Parse(svg.encode("utf-8", "replace") if isinstance(svg, str) else svg, True)
    except expat.ExpatError as error:
        raise BadSample(f"malformed SVG: {error}") from error
    except LookupError as error:
        raise BadSample(f"SVG in an unknown encoding: {error}") from error
    return reader.result()


class _Reader:
    def __init__(self) -> None:
        self.out: list[str] = []
        self.written = 0
        self.open: list[str] = []
        self.owners: list[str] = [""]
        self.inner: list[int] = [0]
        self.skipping = 0
        self.nodes: dict[str, _Node] = {"": _Node()}
        self.marked: list[tuple[str, frozenset[str]]] = []
        self.css: list[str] = []
        self.titles: list[str] = []
        self.in_title = False
        self.label = ""
        self.ratio: float | None = None
        self.words = False
        self.embedded = 0

    def entity(self, name: str, parameter: int, value: str | None, *_: object) -> None:
        # drawing programs declare plain strings (namespace addresses); only bombs nest them
        if value is not None and ("&" in value or "%" in value):
            raise BadSample(f"SVG with nested entities ({name})")

    def write(self, text: str) -> None:
        self.written += len(text)
        if self.written > CHARACTERS:
            raise BadSample(f"SVG expands to more than {CHARACTERS:,} characters")
        self.out.append(text)

    def start(self, tag: str, attributes: list[str]) -> None:
        kind = tag.rpartition(":")[2]
        if self.skipping or kind in DROPPED:
            self.skipping += 1
            return
        pairs = dict(zip(attributes[::2], attributes[1::2], strict=True))
        if not self.open:
            if kind != "svg":
                raise BadSample(f"not an SVG: the root is <{tag}>")
            self.ratio = _ratio(pairs)
            self.label = pairs.get("aria-label", "")
        self.open.append(kind)
        if len(self.open) > DEPTH:
            raise BadSample(f"SVG nested deeper than {DEPTH} elements")
        self.words |= kind == "text"
        self.in_title = kind == "title" and not self.titles
        kept = {key: value for key, old in pairs.items() if (value := self.attribute(kind, key, old)) is not None}
        self.count(kind, kept)
        self.write(f"<{tag}" + "".join(f' {key}="{escape(value)}"' for key, value in kept.items()) + ">")

    def end(self, tag: str) -> None:
        if self.skipping:
            self.skipping -= 1
            return
        self.open.pop()
        self.owners.pop()
        self.inner.pop()
        self.in_title = False
        self.write(f"</{tag}>")

    def characters(self, text: str) -> None:
        if self.skipping or not self.open:
            return
        if self.open[-1] == "style":
            text = OUTER_URL.sub("none", IMPORT.sub("", text))
            self.css.append(text)
        if self.in_title:
            self.titles.append(text)
        self.write(escape(text, quote=False))

    def attribute(self, kind: str, key: str, value: str) -> str | None:
        """The value as it may be drawn; None drops the attribute."""
        if key.rpartition(":")[2] == "href" and not value.lstrip().startswith("#"):
            return self.raster(value) if kind in {"image", "feImage"} else None
        if key == "numOctaves":
            return str(min(int(value), 8)) if value.strip().isdigit() else None
        return OUTER_URL.sub("none", value) if "(" in value else value

    def raster(self, link: str) -> str | None:
        """An embedded PNG, JPEG, GIF or WebP under the pixel limit, written again with its true type."""
        head, comma, body = link.strip().partition(",")
        if not head.lower().startswith("data:") or not comma:
            return None
        data = unquote_to_bytes(body)
        try:
            data = base64.b64decode(data) if head.endswith("base64") else data
            with Image.open(io.BytesIO(data), formats=RASTERS) as picture:
                self.embedded += picture.width * picture.height
                kind = (picture.format or "").lower()
        except (OSError, ValueError, SyntaxError, binascii.Error):
            return None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            self.embedded = EMBEDDED + 1
            kind = ""
        if self.embedded > EMBEDDED:
            raise BadSample(f"SVG embeds pictures of more than {EMBEDDED:,} pixels")
        return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"

    def count(self, kind: str, attributes: dict[str, str]) -> None:
        """Note what this element costs and what it refers to, on the nearest element with an id around it."""
        around, name = self.owners[-1], attributes.get("id", "")
        # the cost of a filter is per pixel, so each of its steps weighs as much as many shapes
        weight = 50 if kind.startswith("fe") else 1
        if name and name not in self.nodes:
            self.nodes[name] = _Node(own=weight, free=kind in FREE)
            self.nodes[around].targets.append(name)
            self.nodes[around].depth = max(self.nodes[around].depth, self.inner[-1] + 1)
            self.owners.append(name)
            self.inner.append(1)
        else:
            self.owners.append(around)
            self.inner.append(self.inner[-1] + 1)
            self.nodes[around].own += weight
            self.nodes[around].depth = max(self.nodes[around].depth, self.inner[-1])
        node = self.nodes[self.owners[-1]]
        for key, value in attributes.items():
            if value.startswith("#") and key.rpartition(":")[2] == "href":
                node.targets.append(value[1:])
            elif "(" in value:
                node.targets += LOCAL_URL.findall(value)
        marks = {kind, "*", f"#{name}"} | {f".{word}" for word in attributes.get("class", "").split()}
        self.marked.append((self.owners[-1], frozenset(marks)))

    def result(self) -> SafeSVG:
        self.follow_styles()
        cost, depth = self.total("", {}, frozenset())
        if cost > COST:
            raise BadSample(f"SVG draws more than {COST:,} elements when its references are followed")
        if depth > DEPTH:
            raise BadSample(f"SVG nested deeper than {DEPTH} elements when its references are followed")
        title = " ".join("".join(self.titles).split()) or " ".join(self.label.split())
        return SafeSVG("".join(self.out), self.ratio, self.words, depth, title)

    def follow_styles(self) -> None:
        """References made by style rules, attributed to every element that a word of the selector could mean."""
        rules: dict[str, list[str]] = defaultdict(list)
        for selector, body in RULE.findall("".join(self.css)):
            if targets := LOCAL_URL.findall(body):
                for word in set(re.findall(r"[.#]?[\w-]+|\*", selector)):
                    rules[word] += targets
        if rules:
            for owner, marks in self.marked:
                for mark in marks & rules.keys():
                    self.nodes[owner].targets += rules[mark]

    def total(self, name: str, known: dict[str, tuple[int, int]], above: frozenset[str]) -> tuple[int, int]:
        """(cost, depth) of drawing an element once. The renderer drops references to an element around them."""
        if name in known:
            return known[name]
        node = self.nodes[name]
        cost, below = node.own, 0
        if len(above) > DEPTH:
            return cost, 1
        for target in node.targets:
            if target in self.nodes and target != name and target not in above and not self.nodes[target].free:
                more, deeper = self.total(target, known, above | {name})
                cost, below = min(cost + more, COST + 1), max(below, deeper)
        known[name] = cost, node.depth + below
        return known[name]


def _length(text: str | None) -> float | None:
    """A length in pixels; None for percentages and what is no length."""
    match = LENGTH.fullmatch(text or "")
    return float(match[1]) * TO_PIXELS[match[2]] if match and match[2] in TO_PIXELS else None


def _ratio(root: dict[str, str]) -> float | None:
    width, height = _length(root.get("width")), _length(root.get("height"))
    if not (width and height):
        numbers = re.split(r"[\s,]+", root.get("viewBox", "").strip())
        try:
            width, height = float(numbers[2]), float(numbers[3])
        except (ValueError, IndexError):
            return None
    return width / height if width > 0 and height > 0 and 1e-9 < width / height < 1e9 else None
