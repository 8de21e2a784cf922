"""Masks and depth where the tower sees them: cut or padded as the evaluation view does, at their own resolution.

A tower's patches cover its view, not the stored picture. "squash" shows it whole; "pad" adds to the shorter side, where
there is nothing to be right about; "crop" leaves the ends of the longer side out, and those are not judged.
"""

import numpy as np
from jaxtyping import Shaped

from sightline.data.prepare.preprocess import Preprocess


def in_view(plane: Shaped[np.ndarray, "y x"], rule: Preprocess, fill: float) -> Shaped[np.ndarray, "v w"]:
    """The part of a plane (y, x), of the picture's extent at any resolution, that the square view of `rule` shows.

    `fill` stands where the view has no picture: -1 or 255 in a mask, 0 in depth. Edges are rounded to whole pixels of
    the plane, as those of the view are to its own.
    """
    y, x = plane.shape
    if rule.resize == "squash" or y == x and not rule.short:
        return plane
    if rule.resize == "pad":
        side = max(y, x)
        square = np.full((side, side), fill, plane.dtype)
        top, left = (side - y) // 2, (side - x) // 2
        square[top : top + y, left : left + x] = plane
        return square
    side = max(1, round(min(y, x) * rule.size / (rule.short or rule.size)))
    top, left = round((y - side) / 2), round((x - side) / 2)
    return plane[top : top + side, left : left + side]
