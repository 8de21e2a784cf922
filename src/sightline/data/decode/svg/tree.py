"""The elements of an SVG that may be drawn: parsed (expat), without foreign elements, scripts and links to other files.

Names lose their prefixes here, so that what follows reads `rect` and `href` whatever the file calls them.
"""

import base64
import binascii
import io
import re
import xml.etree.ElementTree as ET
import xml.parsers.expat as expat
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from PIL import Image

from sightline.data.sample import BadSample

CHARACTERS = 32 * 2**20
"""of the text, and of what its entities expand to"""
ELEMENTS = 200_000
DEPTH = 150
"""elements inside each other; 300 overflow the renderer's stack"""
EMBEDDED = 16 * 10**6
"""pixels of embedded rasters, all together"""

DROPPED = frozenset({"script", "foreignObject", "metadata", "iframe", "audio", "video", "handler", "desc"})
WRITING = frozenset({"text", "tspan", "textPath", "tref", "style", "a"})
"""elements whose characters count"""
RASTERS = ("PNG", "JPEG", "GIF", "WEBP")
SVG_SPACE, LINK_SPACE = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
OUTER_URL = re.compile(r"""url\(\s*+(?!['"]?\s*#)([^)]*)\)""", re.IGNORECASE)


@dataclass(slots=True)
class Tree:
    """A parsed drawing and what was left out of it."""

    root: ET.Element
    title: str
    outer: list[str] = field(default_factory=list)
    """the first few links to other files, which are not followed"""
    html: bool = False
    """it holds HTML (`foreignObject`), which is not drawn"""

    def local(self, value: str) -> str:
        """The value without links that lead out of the file."""
        return _local(value, self.outer)


def parse(text: str) -> Tree:
    """The tree of what may be drawn of an SVG.

    BadSample says why it is refused: malformed, nested entities, too many or too deep elements.
    """
    reader = _Reader()
    walk(text, reader, ordered=True)
    root = reader.builder.close()
    title = " ".join("".join(reader.titles).split()) or " ".join(root.get("aria-label", "").split())
    return Tree(root, title, reader.outer, reader.html)


def walk(text: str, reader: Any, *, ordered: bool) -> None:
    """Hands the elements to `start`, `end` and `characters` of `reader`, attributes as a list if `ordered`, or a dict.

    BadSample where the text is too long, malformed, or its entities are nested.
    """
    if len(text) > CHARACTERS:
        raise BadSample(f"SVG of {len(text):,} characters, the limit is {CHARACTERS:,}")
    # the text is decoded already, whatever encoding its first line declares
    parser = expat.ParserCreate("utf-8")
    parser.ordered_attributes = ordered
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.EntityDeclHandler = refuse_nested
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise BadSample(f"malformed SVG: {error}") from error


def refuse_nested(name: str, parameter: int, value: str | None, *_: object) -> None:
    """The parser's handler of entity declarations: BadSample for an entity that refers to others."""
    # drawing programs declare plain strings (namespace addresses); only bombs nest them
    if value is not None and ("&" in value or "%" in value):
        raise BadSample(f"SVG with nested entities ({name})")


class _Reader:
    """A handler of the parser that builds the tree of what may be drawn, within limits of number, depth and length."""

    def __init__(self) -> None:
        self.builder = ET.TreeBuilder()
        self.open: list[str] = []
        self.spaces: dict[str, str] = {}
        """prefix to namespace; a prefix bound twice to different ones is read as bound last"""
        self.skipping = 0
        self.elements = self.written = self.embedded = 0
        self.titles: list[str] = []
        self.titled = False
        self.outer: list[str] = []
        self.html = False

    def start(self, tag: str, attributes: list[str]) -> None:
        if self.skipping:
            self.skipping += 1
            return
        for key, value in zip(attributes[::2], attributes[1::2], strict=True):
            if key.startswith("xmlns"):
                self.spaces[key[6:]] = value
        prefix, _, kind = tag.rpartition(":")
        if kind in DROPPED or not self.ours(prefix):
            self.html |= kind == "foreignObject"
            if not self.open:
                raise BadSample(f"not an SVG: the root is <{tag[:80]}>")
            self.skipping = 1
            return
        if not self.open and kind != "svg":
            raise BadSample(f"not an SVG: the root is <{tag[:80]}>")
        self.open.append(kind)
        self.elements += 1
        if len(self.open) > DEPTH:
            raise BadSample(f"SVG nested deeper than {DEPTH} elements")
        if self.elements > ELEMENTS:
            raise BadSample(f"SVG of more than {ELEMENTS:,} elements")
        self.builder.start(kind, self.kept(kind, attributes))

    def end(self, tag: str) -> None:
        if self.skipping:
            self.skipping -= 1
            return
        kind = self.open.pop()
        self.titled |= kind == "title" and len(self.open) == 1
        self.builder.end(kind)

    def characters(self, text: str) -> None:
        if self.skipping or not self.open:
            return
        self.written += len(text)
        if self.written > CHARACTERS:
            raise BadSample(f"SVG expands to more than {CHARACTERS:,} characters")
        if self.open[-1] in WRITING:
            self.builder.data(text)
        elif self.open[-1] == "title" and len(self.open) == 2 and not self.titled:
            self.titles.append(text)
        elif self.open[-1] == "title":
            self.builder.data(text)  # of a part: not drawn, but what somebody called it

    def ours(self, prefix: str) -> bool:
        """SVG's namespace; none at all, as where a drawing was cut out of a web page, counts as it."""
        space = self.spaces.get(prefix, SVG_SPACE if prefix in {"", "svg"} else "")
        return space == "" and not prefix or (space.startswith("http://www.w3.org/") and "svg" in space.lower())

    def kept(self, kind: str, attributes: list[str]) -> dict[str, str]:
        """The attributes of an element that may be drawn."""
        found: dict[str, str] = {}
        for key, value in zip(attributes[::2], attributes[1::2], strict=True):
            self.written += len(value)
            if ":" in key:
                prefix, _, local = key.partition(":")
                if local == "href" and self.spaces.get(prefix, LINK_SPACE) == LINK_SPACE:
                    if "href" in found:
                        continue  # the plain one is the newer
                    key = "href"
                elif prefix != "xml":
                    continue
            elif key == "xmlns":
                continue
            if (drawn := self.attribute(kind, key, value)) is not None:
                found[key] = drawn
        if self.written > CHARACTERS:
            raise BadSample(f"SVG expands to more than {CHARACTERS:,} characters")
        return found

    def attribute(self, kind: str, key: str, value: str) -> str | None:
        """The value as it may be drawn; None drops the attribute."""
        if key == "href" and not value.lstrip().startswith("#"):
            if kind in {"image", "feImage"} and (raster := self.raster(value)) is not None:
                return raster
            if kind != "a":
                self.outer.append(value.strip()[:60])
            return None
        if key == "numOctaves":
            return str(min(int(value), 8)) if value.strip().isdecimal() and len(value) < 9 else None
        if "(" in value:
            return _local(value, self.outer)
        return value

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


def _local(value: str, outer: list[str]) -> str:
    outer += [link.strip(" '\"")[:60] for link in OUTER_URL.findall(value)]
    return OUTER_URL.sub("none", value)
