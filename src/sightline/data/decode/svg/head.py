"""What an SVG says of itself, read without drawing it: its title, and its size as its root states it."""

from contextlib import suppress

from sightline.data.decode.svg.draw import box
from sightline.data.decode.svg.safe import ratio_of, size_of
from sightline.data.decode.svg.text import text_of
from sightline.data.decode.svg.tree import walk
from sightline.data.sample import BadSample

MEASURED = 256
"""pixels of the shorter side that a drawing is measured at"""


def title(svg: str | bytes) -> str | None:
    """The root's own `<title>`, else the root's `aria-label`, else None. Titles of parts are not the picture's."""
    try:
        head = _Head(svg)
    except BadSample:
        return None
    return " ".join("".join(head.words).split()) or " ".join(head.root.get("aria-label", "").split()) or None


def measure(svg: str | bytes) -> tuple[int, int]:
    """(width, height) with a shorter side of 256, by what the root states; a square where it states nothing.

    BadSample where the root is no SVG.
    """
    return box(ratio_of(_Head(svg, titled=False).root) or 1.0, MEASURED)


def own_size(svg: str | bytes) -> tuple[float, float] | None:
    """(width, height) in pixels, or units of its viewBox, as the root states them; None where it states nothing.

    BadSample where the root is no SVG.
    """
    return size_of(_Head(svg, titled=False).root)


class _Found(Exception):
    """No more needs to be read."""


class _Head:
    """A handler of the parser that keeps the root's attributes and the words of its title, then stops."""

    def __init__(self, svg: str | bytes, *, titled: bool = True) -> None:
        text = svg if isinstance(svg, str) else text_of(svg)
        self.titled = titled and "title" in text
        self.depth = 0
        self.inside = False
        self.root: dict[str, str] = {}
        self.words: list[str] = []
        with suppress(_Found):
            walk(text, self, ordered=False)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        kind = tag.rpartition(":")[2]
        if self.depth == 1:
            if kind != "svg":
                raise BadSample(f"not an SVG: the root is <{tag[:80]}>")
            self.root = attributes
            if not self.titled:
                raise _Found
        self.inside = self.depth == 2 and kind == "title"

    def end(self, tag: str) -> None:
        if self.inside:
            raise _Found
        self.depth -= 1

    def characters(self, text: str) -> None:
        if self.inside:
            self.words.append(text)
