"""What a scene is: elements on a background, and what its caption says of them. Plain data, drawn elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sightline.data.scenes.palette import Background

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels of the canvas."""


class Element(NamedTuple):
    """One thing on the canvas. Its box is the exact extent of its drawing, hidden parts included."""

    kind: str
    """icon, shape, text or widget"""
    name: str
    """what a caption calls it: "heart", "analog clock", "text"."""
    drawing: str
    """key of `drawings.drawing`: "icon/heart/solid", "clock/10:10", "text/SALE"."""
    colour: str
    size: str
    """small, medium or large"""
    stroke: str
    """filled or outlined"""
    box: Box
    value: str = ""
    """what a widget shows ("4", "75", "on", "10:10", "B"), or the words of a text."""


class Clause(NamedTuple):
    """One statement of the caption: element `subject` alone, or in `relation` to element `object`."""

    subject: int
    relation: str = ""
    object: int = -1


@dataclass(frozen=True, slots=True)
class Scene:
    """A composed layout on a square canvas of `side` pixels; elements run from back to front, all inside the canvas."""

    level: int
    side: int
    background: Background
    elements: tuple[Element, ...]
    clauses: tuple[Clause, ...]
    style: str = ""
    """the pen of all icons, shapes and empty parts (a key of `pen.STYLES`); "" where each element has its own stroke"""
    palette: str = ""
    """the name of the inks everything is drawn in (a key of `palette.PALETTES`); "" where any ink may come up"""
    layout: str = ""
    """the name of the cells things stand in (a key of `design.LAYOUTS`); "" where they lie about"""


PLACES = ("top left", "top", "top right", "left", "center", "right", "bottom left", "bottom", "bottom right")


def place(box: Box, side: int) -> str:
    """The ninth of the canvas in which the middle of `box` lies."""
    x, y, w, h = box
    return PLACES[3 * ((2 * y + h) * 3 // (2 * side)) + (2 * x + w) * 3 // (2 * side)]
