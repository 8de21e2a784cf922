"""The icons that scenes draw with: their paths, names, and which of them are on the training side."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from sightline.data.sources.icons import icon_entries, names_of_split

View = tuple[float, float, float, float]
"""x, y, width, height in a drawing's own units"""


class Icon(NamedTuple):
    """One icon name: what people call it and its drawings by weight."""

    label: str
    """lower case: "heart", "credit card"."""
    drawings: dict[str, tuple[str, View]]
    """"solid" and, for some, "regular" (a line drawing): SVG body and view box"""
    training: bool
    """in `icons:train`, so that scenes never show what `icons:test` holds out"""


@cache
def icons() -> dict[str, Icon]:
    """Every built-in icon with a solid drawing by its name ("credit-card"), read once per process."""
    entries = icon_entries()
    training = names_of_split([entry.name for entry in entries], "train")
    found: dict[str, Icon] = {}
    for entry in entries:
        icon = found.setdefault(entry.name, Icon(entry.label, {}, entry.name in training))
        icon.drawings[entry.weight] = _body(entry.svg.decode())
    return {name: icon for name, icon in found.items() if "solid" in icon.drawings}


def icon(name: str, weight: str) -> tuple[str, View]:
    """SVG body and view box of one icon."""
    return icons()[name].drawings[weight]


SIGNS = {"%": "percent", "+": "plus", "$": "dollar-sign"}


def letter(character: str) -> str:
    """The icon that draws one character: the capitals, digits and a few signs of the icon set.

    They have exact outlines, so both renderers write the same text with no font file.
    """
    return SIGNS.get(character, character.lower())


def _body(svg: str) -> tuple[str, View]:
    box = re.search(r'viewBox="([-\d.]+) ([-\d.]+) ([-\d.]+) ([-\d.]+)"', svg)
    assert box is not None, "every icon of the package states its view box"
    x, y, w, h = map(float, box.groups())
    return "".join(re.findall(r"<path[^>]*/>", svg)), (x, y, w, h)
