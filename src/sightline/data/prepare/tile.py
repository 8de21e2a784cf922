"""Overlapping square tiles of a large picture, so that what is small in it is seen at its own size."""

import math
from typing import NamedTuple

OVERLAP = 0.25
"""of a tile's side, at least: what is cut by the edge of one tile lies whole in the next if it is smaller than this"""


class Box(NamedTuple):
    """A part of a picture in its own pixels, upright."""

    x: int
    y: int
    w: int
    h: int


def tiles(
    width: int, height: int, side: int, scales: tuple[float, ...] = (1.0,), overlap: float = OVERLAP
) -> list[Box]:
    """The tiles of a picture, scale by scale, row by row; () of one that the whole view shows well enough.

    `side` is the tower's input: at scale 1 a tile has so many pixels of the picture, at 0.5 twice as many each way (it
    is as if the picture were shrunk by the scale first). All tiles are square, lie inside the picture and cover it;
    neighbours share at least `overlap` of their side. A scale at which one tile would hold the longer side gives none.

    >>> tiles(300, 100, 100, overlap=0.0)
    [Box(x=0, y=0, w=100, h=100), Box(x=100, y=0, w=100, h=100), Box(x=200, y=0, w=100, h=100)]
    """
    if min(width, height, side) < 1:
        raise ValueError(f"a picture of {width} x {height} and tiles of {side}: all must be positive")
    if not 0 <= overlap < 1:
        raise ValueError(f"overlap is {overlap}; expected a share of a tile, at least 0 and below 1")
    if not scales or min(scales) <= 0 or max(scales) > 1:
        raise ValueError(f"scales are {scales}; expected numbers above 0 and at most 1, such as 1 and 0.5")
    found: list[Box] = []
    for scale in scales:
        wanted = round(side / scale)
        if wanted >= max(width, height):
            continue
        tile = min(wanted, width, height)
        found += [Box(x, y, tile, tile) for y in starts(height, tile, overlap) for x in starts(width, tile, overlap)]
    return found


def starts(length: int, tile: int, overlap: float) -> list[int]:
    """Where the fewest tiles begin that cover 0..length evenly, sharing at least `overlap`.

    >>> starts(300, 100, 0.25)
    [0, 67, 133, 200]
    """
    # a tile is moved by at least one pixel
    count = 1 + math.ceil((length - tile) / max(1, math.floor(tile * (1 - overlap))))
    return [round(i * (length - tile) / (count - 1)) for i in range(count)] if count > 1 else [0]
