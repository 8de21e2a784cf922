"""Words in XML inside a picture: an XMP packet (ISO 16684-1), and what an SVG says of itself.

Read by the parser's events, within limits: no tree is built, entities that refer to others are refused, and reading
stops behind so many elements or characters. What was read whole before a text breaks off counts.
"""

from collections.abc import Iterator
from contextlib import suppress

from sightline.data.decode.embedded.found import BLOCK, Found, Use
from sightline.data.decode.svg.text import text_of
from sightline.data.decode.svg.tree import walk
from sightline.data.sample import BadSample

ELEMENTS = 20_000
DC, RDF = "http://purl.org/dc/elements/1.1/", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PHOTOSHOP, IPTC = "http://ns.adobe.com/photoshop/1.0/", "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
TIFF, EXIF, XMP = "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/exif/1.0/", "http://ns.adobe.com/xap/1.0/"
USES: dict[tuple[str, str], Use] = {
    (DC, "title"): "title",
    (DC, "description"): "description",
    (DC, "subject"): "keyword",
    (PHOTOSHOP, "Headline"): "title",
    (IPTC, "AltTextAccessibility"): "description",
    (IPTC, "ExtDescrAccessibility"): "description",
    (TIFF, "ImageDescription"): "description",
    (EXIF, "UserComment"): "description",
    (TIFF, "Make"): "machine",
    (TIFF, "Model"): "machine",
    (XMP, "CreatorTool"): "machine",
}
OF_SVG: dict[str, Use] = {"title": "title", "desc": "description"}
"""as children of the root; those of parts are the parts'"""
TELLING = ("title", "desc", "metadata")
"""one of these is in every SVG that says something"""


def xmp(data: bytes) -> Iterator[Found]:
    """The words of a packet: titles and descriptions in all languages, the default first; keywords."""
    return _read(text_of(data).strip("\0 \t\r\n"), {})


def svg(data: bytes) -> Iterator[Found]:
    """The words of an SVG: its root's title and description, and the Dublin Core of its metadata."""
    text = text_of(data)
    return _read(text, OF_SVG) if any(sign in text for sign in TELLING) else iter(())


def _read(text: str, of_root: dict[str, Use]) -> Iterator[Found]:
    reader = _Reader(of_root)
    with suppress(BadSample, _Enough):
        walk(text[:BLOCK], reader, ordered=False)
    for _, found in sorted(reader.found, key=lambda one: not one[0]):
        yield found


class _Enough(Exception):
    """No more is read."""


class _Reader:
    """A handler of the parser that keeps the texts of properties that are in USES.

    Only of the picture's own, two elements below `rdf:RDF`: deeper ones say how a creator or an ingredient is called.
    """

    def __init__(self, of_root: dict[str, Use]) -> None:
        self.of_root = of_root
        self.spaces: dict[str, str] = {}
        """prefix to namespace, as bound last"""
        self.depth = self.elements = self.written = 0
        self.rdf = self.inside = -9
        """depths of `rdf:RDF` and of the property that is being read"""
        self.use: Use | None = None
        """of that property"""
        self.words: list[str] = []
        self.default = False
        self.found: list[tuple[bool, Found]] = []
        """texts, and whether each is in the default language"""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.elements > ELEMENTS:
            raise _Enough
        self.spaces |= {key[6:]: value for key, value in attributes.items() if key.startswith("xmlns")}
        name = self.named(tag)
        if name == (RDF, "RDF"):
            self.rdf = self.depth
        elif self.depth == self.rdf + 1:  # a short property may be written as an attribute
            for key, value in attributes.items():
                if ":" in key and (use := USES.get(self.named(key))):
                    self.keep(use, value)
        elif self.use is None:
            own = USES.get(name) if self.depth == self.rdf + 2 else None
            self.use = own or (self.of_root.get(name[1]) if self.depth == 2 else None)
            self.inside, self.default = self.depth, False
            self.words.clear()
        elif name == (RDF, "li"):
            self.default = attributes.get("xml:lang") == "x-default"
            self.words.clear()

    def end(self, tag: str) -> None:
        if self.use and (self.depth == self.inside or self.named(tag) == (RDF, "li")):
            self.keep(self.use, "".join(self.words))
            self.words.clear()
            self.use = self.use if self.depth > self.inside else None
        self.depth -= 1

    def characters(self, text: str) -> None:
        self.written += len(text)
        if self.written > BLOCK:  # an entity may stand for much
            raise _Enough
        if self.use:
            self.words.append(text)

    def named(self, tag: str) -> tuple[str, str]:
        """(namespace, name) of an element or attribute."""
        prefix, _, name = tag.rpartition(":")
        return self.spaces.get(prefix, ""), name

    def keep(self, use: Use, text: str) -> None:
        if text.strip():
            self.found.append((self.default, Found(use, text)))
