"""A part of a picture as a picture of its own."""

from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sightline.data.decode.picture import colours, is_svg, picture, unpacked
from sightline.data.decode.svg.head import own_size
from sightline.data.prepare.tile import Box

DRAWN, LARGEST = 256, 1024
"""pixels of the shorter side of a part of a drawing; of the whole drawing that it is cut from, at most"""


def part_of(image: Any, box: Box) -> np.ndarray:
    """The pixels, uint8 (h, w, 3 or 4), of a part of a path, bytes, PIL image or uint8 array.

    The box is in the picture's own pixels, upright; of an SVG in the units of the size it states, or of 256 for the
    shorter side where it states none. Raises ValueError where it leaves the picture, or where nothing is in it.
    """
    whole, scale = _opened(image, box)
    left, upper = (round(edge * by) for edge, by in zip((box.x, box.y), scale, strict=True))
    right, lower = (ceil(edge * by) for edge, by in zip((box.x + box.w, box.y + box.h), scale, strict=True))
    part = np.asarray(whole)[upper:lower, left:right]
    if part.shape[2] == 4 and not part[..., 3].any():
        raise ValueError(f"there is nothing in the region {box.x},{box.y},{box.w},{box.h}: all of it is transparent")
    return np.ascontiguousarray(part)


def _opened(image: Any, box: Box) -> tuple[Image.Image, tuple[float, float]]:
    """The picture, and how many of its pixels there are to a unit of the box each way."""
    if isinstance(image, Image.Image):
        return _holding(box, colours(image)), (1.0, 1.0)
    data = unpacked(image) if isinstance(image, Path | bytes) else image
    own = own_size(data) if isinstance(data, bytes) and is_svg(data) else None
    if own is None:
        return _holding(box, picture(data)), (1.0, 1.0)
    _must_hold(box, own, "units")  # before it is drawn
    side = min(LARGEST, max(DRAWN, ceil(DRAWN * min(own) / min(box.w, box.h))))
    drawn = picture(data, side)
    return drawn, (drawn.width / own[0], drawn.height / own[1])


def _holding(box: Box, image: Image.Image) -> Image.Image:
    _must_hold(box, image.size, "pixels")
    return image


def _must_hold(box: Box, size: tuple[float, float], unit: str) -> None:
    """Raises ValueError where a picture of this size does not hold the box."""
    if box.x + box.w > size[0] + 1e-6 or box.y + box.h > size[1] + 1e-6:
        width, height = (f"{round(length, 2):g}" for length in size)
        raise ValueError(
            f"the region {box.x},{box.y},{box.w},{box.h} leaves the picture, which is {width} x {height} {unit}"
        )
