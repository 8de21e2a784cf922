"""The style of a picture in numbers, and the words that these earn by stated rules (methods G.4); none is taste."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sightline.data.describe.drawing import GRADIENT, Leaf
from sightline.data.describe.pixels import Inked
from sightline.data.describe.things import SPREAD, Thing, grown
from sightline.data.scenes.measure import pieces

LINE = 0.17
"""share of a thing's ink that may be wider than a line: of icons known to be outlined or filled, the best cut"""
LONG = 2.0
"""times its shorter side, from which on a thing tells no width of lines where others do: rows of letters or stars"""
FILLED, OUTLINED = 0.2, 0.7
"""share of a picture's things that are lines: at most, at least"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Numbers about a picture; None where it cannot tell."""

    parts: int
    """of a drawing, what stands side by side in its outermost group; of pixels, things"""
    things: int
    cover: float
    """share of the canvas inside the box of some thing, in [0, 1]"""
    largest: float
    """share of the canvas inside the box of the largest thing, in [0, 1]"""
    lined: float | None
    """share of the things, by the area of their silhouettes, that are lines rather than bodies, in [0, 1]"""
    line: float | None
    """mean width of their lines over the shorter side of each (`Thing.line`)"""
    symmetry: float
    """share of the ink whose mirror image, left to right, is ink too, give or take a pixel, in [0, 1]"""
    colours: int
    two_tones: bool
    flat: bool | None
    """a drawing: no gradient, pattern, picture or shadow; pixels: a few colours make up nearly all"""
    gradient: bool = False
    shadow: bool = False
    dashed: bool = False
    curves: float | None = None
    """mean share of curves among the pieces of the outlines of its parts, in [0, 1]"""
    letters: frozenset[str] = frozenset()
    """of the fonts of its texts: serif, sans-serif, monospaced"""


WORDS: dict[str, Callable[[Look], bool]] = {
    "flat": lambda m: m.flat is True,
    "skeuomorphic": lambda m: m.gradient and m.shadow,
    "gradient": lambda m: m.gradient and not m.shadow,
    "filled": lambda m: m.lined is not None and m.lined <= FILLED,
    "outlined": lambda m: (m.lined or 0) >= OUTLINED,
    "duotone": lambda m: m.two_tones,
    "thin": lambda m: m.line is not None and m.line <= 0.085 and (m.lined or 0) >= OUTLINED,
    "thick": lambda m: m.line is not None and m.line >= 0.135 and (m.lined or 0) >= OUTLINED,
    "dashed": lambda m: m.dashed,
    "rounded": lambda m: m.curves is not None and m.curves >= 0.6,
    "angular": lambda m: m.curves is not None and m.curves <= 0.1,
    "symmetric": lambda m: m.symmetry >= 0.98,
    "minimal": lambda m: m.parts <= 3,
    "monochrome": lambda m: m.colours == 1,
    "dense": lambda m: m.largest < SPREAD and m.things > 1 and m.cover >= 0.5,
    "airy": lambda m: m.largest < SPREAD and m.things > 1 and m.cover <= 0.25,
    "serif": lambda m: m.letters == {"serif"},
    "sans-serif": lambda m: m.letters == {"sans-serif"},
    "monospaced": lambda m: m.letters == {"monospaced"},
}
"""the rule of every style word; docs/data/captions.md says them in words"""

FACES = {
    "monospaced": r"mono|courier|consolas|menlo|code|typewriter",
    "sans-serif": r"sans|arial|helvetica|verdana|tahoma|inter\b|roboto|segoe|system-ui|lato|montserrat|poppins|futura"
    r"|calibri|ubuntu|gill|trebuchet|nunito|raleway|oswald|avenir|dejavu$",
    "serif": r"serif|times|georgia|garamond|palatino|baskerville|bodoni|didot|merriweather|playfair|cambria|slab",
}
"""what names of fonts hold, looked for in this order"""


def style_words(look: Look) -> tuple[str, ...]:
    """The words that are true, in the order of `WORDS`."""
    return tuple(word for word, holds in WORDS.items() if holds(look))


def look_of(whole: Inked, drawn: Sequence[Thing], **known: object) -> Look:
    """The numbers of a picture: `whole` is all of it, `drawn` its things without its texts; `known` is what a drawing
    says better than its pixels."""
    body = sum(thing.body for thing in drawn)
    lines = [thing for thing in drawn if thing.solid <= LINE]
    weight = sum(thing.body for thing in lines)
    compact = [thing for thing in lines if max(thing.box[2:]) <= LONG * min(thing.box[2:])] or lines
    held = sum(thing.body for thing in compact)
    boxed = np.zeros(whole.ink.shape, bool)
    for thing in whole.things:
        x, y, w, h = thing.box
        boxed[y : y + h, x : x + w] = True
    numbers: dict[str, object] = {
        "parts": len(whole.things),
        "things": len(whole.things),
        "cover": float(boxed.mean()),
        "largest": max((thing.box[2] * thing.box[3] for thing in whole.things), default=0) / whole.ink.size,
        "lined": weight / body if body else None,
        "line": sum(thing.line * thing.body for thing in compact) / held if held else None,
        "symmetry": symmetry(whole.ink),
        "colours": len(whole.colours),
        "two_tones": whole.two_tones,
        "flat": whole.flat or None,
    }
    return Look(**(numbers | known))  # pyright: ignore[reportArgumentType]


def symmetry(ink: np.ndarray) -> float:
    """Share of the ink, bool (y, x), that lies within a pixel of the ink mirrored about the middle of its extent."""
    columns = np.flatnonzero(ink.any(0))
    cut = np.pad(ink[:, columns[0] : columns[-1] + 1], 1)
    return float((cut & grown(cut[:, ::-1], 1)).sum() / cut.sum())


def curves(parts: Sequence[ET.Element]) -> float | None:
    """Mean share of curves among the pieces of the outlines of some elements; None where they have no pieces."""
    shares = []
    for part in parts:
        bent, straight = pieces(ET.tostring(part, encoding="unicode"))
        if bent + straight:
            shares.append(bent / (bent + straight))
    return sum(shares) / len(shares) if shares else None


def face(fonts: str) -> str:
    """Serif, sans-serif or monospaced, by the first font of a list whose name tells; "" where none does.

    >>> face("'Helvetica Neue', serif"), face("Georgia"), face("JetBrains Mono, monospace"), face("Wingdings")
    ('sans-serif', 'serif', 'monospaced', '')
    """
    for font in fonts.lower().split(","):
        for kind, holds in FACES.items():
            if re.search(holds, font.strip(" '\"")):
                return kind
    return ""


def gradients(leaves: Sequence[Leaf]) -> bool:
    """Whether a shape is painted with a gradient or a pattern."""
    return any(GRADIENT in (leaf.fill, leaf.stroke) and leaf.kind != "image" for leaf in leaves)
