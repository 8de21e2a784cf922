"""Where one element is with respect to another, said only when nobody could doubt it."""

from __future__ import annotations

from collections.abc import Sequence

from sightline.data.scenes import parts
from sightline.data.scenes.drawings import HOLDS
from sightline.data.scenes.scene import Box, Element

SIDES = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
"""the relations that have an opposite, and it"""

MARGIN = 0.1
"""least gap of two sides, as a share of the larger element's longer side"""
SLANT = 0.5
"""left and right need middles at least twice as far apart across as up and down (and the other way round)"""
COMMON = 0.12
"""least share of the smaller element's own pixels under dispute before two elements overlap"""


def relation(elements: Sequence[Element], subject: int, object: int) -> str:
    """ "left of", "right of", "above", "below", "inside", "overlapping", or "" where it is ambiguous."""
    one, other = elements[subject], elements[object]
    side = beside(one.box, other.box)
    if side:
        return side
    if subject > object and inside(one.box, other):
        return "inside"
    if not meet(one.box, other.box) or inside(other.box, one):
        return ""
    return "overlapping" if parts.shared(one, other) >= COMMON else ""


def beside(one: Box, other: Box) -> str:
    """The side of box `other` on which box `one` lies clear of it, or ""."""
    ax, ay, aw, ah = one
    bx, by, bw, bh = other
    gap = MARGIN * max(aw, ah, bw, bh)
    across, down = 2 * (bx - ax) + bw - aw, 2 * (by - ay) + bh - ah
    if abs(down) <= SLANT * abs(across):
        if ax + aw + gap <= bx:
            return "left of"
        if bx + bw + gap <= ax:
            return "right of"
    elif abs(across) <= SLANT * abs(down):
        if ay + ah + gap <= by:
            return "above"
        if by + bh + gap <= ay:
            return "below"
    return ""


def leans(one: Box, other: Box, side: str) -> bool:
    """Whether someone might say that box `one` is on this side of box `other`: judged by the middles alone."""
    across = 2 * (other[0] - one[0]) + other[2] - one[2]
    down = 2 * (other[1] - one[1]) + other[3] - one[3]
    return {"left of": across > 0, "right of": across < 0, "above": down > 0, "below": down < 0}[side]


def inside(box: Box, holder: Element) -> bool:
    """Whether `box` lies in the part of a plain shape that is surely ink."""
    share = HOLDS.get(holder.name, 0.0) if holder.kind == "shape" else 0.0
    if not share:
        return False
    x, y, w, h = holder.box
    return (
        abs(2 * (box[0] - x) + box[2] - w) + box[2] <= share * w
        and abs(2 * (box[1] - y) + box[3] - h) + box[3] <= share * h
    )


def meet(one: Box, other: Box, gap: float = 0.0) -> bool:
    """Whether two boxes come closer than `gap` pixels on both axes."""
    return (
        one[0] < other[0] + other[2] + gap
        and other[0] < one[0] + one[2] + gap
        and one[1] < other[1] + other[3] + gap
        and other[1] < one[1] + one[3] + gap
    )
