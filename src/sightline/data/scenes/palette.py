"""The inks and backgrounds of scenes, and the contrast rule between them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

RGB = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "red": (215, 30, 35),
    "orange": (240, 120, 20),
    "yellow": (220, 170, 0),
    "green": (20, 145, 60),
    "blue": (35, 95, 235),
    "purple": (130, 60, 200),
    "pink": (240, 95, 180),
    "black": (20, 20, 22),
    "brown": (120, 70, 35),
    "teal": (0, 145, 150),
    "gray": (120, 120, 124),
    "white": (255, 255, 255),
}
BASIC = tuple(COLOURS)[:8]
"""the eight inks of level 1"""

PALETTES: dict[str, tuple[str, str, str]] = {
    "warm": ("red", "orange", "brown"),
    "cool": ("teal", "blue", "purple"),
    "natural": ("green", "brown", "teal"),
    "candy": ("purple", "pink", "red"),
    "primary": ("blue", "red", "green"),
    "sober": ("brown", "gray", "black"),
    "icy": ("white", "teal", "blue"),
    "neon": ("pink", "yellow", "orange"),
}
"""three inks each: the place of an ink is its role, which a change of palette keeps; no two palettes agree in a role"""

CONTRAST = 1.8
"""least WCAG contrast ratio between an ink and every tone it lies on; 1.5 is still hard to see at 64 pixels"""
CONTRAST_TEXT = 3.0
"""the same for rendered text and widgets"""


class Background(NamedTuple):
    """A canvas: `kind` decides the pattern, `a` and `b` its two tones (equal when plain)."""

    kind: str
    """plain, striped, dotted, gradient or checkered"""
    words: str
    """as a caption says it: "on a {words} background"."""
    a: RGB
    b: RGB
    turn: str = ""
    """stripes and gradients: horizontal, vertical or diagonal"""
    cells: int = 8
    """pattern periods along one side"""


_PLAIN: dict[str, RGB] = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "gray": (215, 215, 215),
    "light blue": (200, 225, 255),
    "light green": (205, 240, 205),
    "light yellow": (255, 245, 190),
    "light pink": (255, 218, 230),
    "dark blue": (16, 26, 78),
    "dark green": (8, 52, 26),
    "dark red": (78, 10, 16),
}
_TONES: tuple[tuple[RGB, RGB], ...] = (
    ((255, 255, 255), (212, 212, 216)),
    ((255, 255, 255), (190, 218, 250)),
    ((255, 255, 255), (250, 212, 190)),
    ((255, 252, 235), (205, 232, 200)),
    ((255, 255, 255), (245, 200, 225)),
    ((12, 12, 16), (58, 58, 66)),
)
"""two tones of one pattern: a contrast of at most 1.6, so that the pattern never drowns what lies on it."""


def _patterns() -> dict[str, tuple[Background, ...]]:
    return {
        "striped": tuple(
            Background("striped", "striped", a, b, turn, cells)
            for a, b in _TONES
            for turn in ("horizontal", "vertical", "diagonal")
            for cells in (6, 8)
        ),
        "dotted": tuple(Background("dotted", "dotted", a, b, "", cells) for a, b in _TONES for cells in (6, 8)),
        "gradient": tuple(
            Background("gradient", "gradient", a, b, turn)
            for a, b in _TONES
            for turn in ("horizontal", "vertical", "diagonal")
        ),
        "checkered": tuple(
            Background("checkered", "checkered", a, b, "", cells) for a, b in _TONES for cells in (3, 4)
        ),
    }


def _plain(words: str) -> tuple[Background, ...]:
    return (Background("plain", words, _PLAIN[words], _PLAIN[words]),)


BACKGROUNDS: tuple[tuple[Background, ...], ...] = (*map(_plain, _PLAIN), *_patterns().values())
"""one tuple of drawings per name a caption can give; levels 2 and 3"""
BASIC_BACKGROUNDS: tuple[tuple[Background, ...], ...] = (*map(_plain, tuple(_PLAIN)[:3]), *_patterns().values())
"""the seven names of level 1"""


def _known(background: Background) -> str:
    """A name of its own: "white", "striped/diagonal/6/2" (turn, cells, number of the tones)."""
    if background.kind == "plain":
        return background.words
    parts = (background.words, background.turn, background.cells, _TONES.index((background.a, background.b)))
    return "/".join(str(part) for part in parts if part != "")


BACKGROUND: dict[str, Background] = {_known(b): b for group in BACKGROUNDS for b in group}
"""every background by a name of its own"""
BACKGROUND_NAME: dict[Background, str] = {b: name for name, b in BACKGROUND.items()}
"""the inverse of `BACKGROUND`"""


def luminance(colour: RGB) -> float:
    """WCAG relative luminance of an sRGB colour, in [0, 1]."""
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: RGB, other: RGB) -> float:
    """WCAG contrast ratio of two sRGB colours, in [1, 21]."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@cache
def inks(a: RGB, b: RGB, names: tuple[str, ...], least: float = CONTRAST) -> tuple[str, ...]:
    """The inks among `names` that stand out from both tones `a` and `b` by the contrast ratio `least`."""
    return tuple(n for n in names if min(contrast(COLOURS[n], a), contrast(COLOURS[n], b)) >= least)
