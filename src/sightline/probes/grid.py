"""Between pixels and the patches of a tower: what a patch covers, and what patches say of every pixel.

A grid (gy, gx) covers the whole plane (y, x), whatever its size: patch i of a side reaches from i y / gy to
(i + 1) y / gy, in pixels, and where that cuts a pixel both patches have their part of it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor
from torch.nn import functional as F

from sightline.data.array import to_numpy

Size = tuple[int, int]
"""height and width"""
AT_ONCE = 16
"""pictures enlarged together: memory is theirs, in pixels times classes"""


def overlap(cells: int, pixels: int) -> Float[np.ndarray, "cells pixels"]:
    """How much of each pixel lies in each cell of a side; every column sums to 1.

    >>> overlap(2, 3).tolist()
    [[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]]
    """
    edges = np.arange(cells + 1) * pixels / cells
    low, high = edges[:-1, None], edges[1:, None]
    at = np.arange(pixels)
    return np.clip(np.minimum(high, at + 1) - np.maximum(low, at), 0, 1)


def summed(plane: Shaped[np.ndarray, "y x"], grid: Size) -> Float[np.ndarray, "gy gx"]:
    """The sum of a plane over every patch, in float64."""
    down, across = (overlap(cells, pixels) for cells, pixels in zip(grid, plane.shape, strict=True))
    return down @ plane.astype(np.float64) @ across.T


def nearest(values: Shaped[np.ndarray, "gy gx"], size: Size) -> Shaped[np.ndarray, "y x"]:
    """Every pixel's value: that of the patch in which its middle lies."""
    down, across = (
        ((np.arange(pixels) + 0.5) * cells / pixels).astype(np.int64)
        for cells, pixels in zip(values.shape, size, strict=True)
    )
    return values[down[:, None], across]


def enlarged(maps: Float[Tensor, "b k gy gx"], size: Size) -> Float[Tensor, "b k y x"]:
    """Maps of patches, bilinearly, to the pixels that they cover (the middles of corner patches are inside)."""
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)


def by_size(sizes: Sequence[Size]) -> Iterator[tuple[Size, Int[np.ndarray, " b"]]]:
    """Numbers of the pictures of each size, a few at a time."""
    for size in dict.fromkeys(sizes):
        same = np.array([number for number, other in enumerate(sizes) if other == size])
        for first in range(0, len(same), AT_ONCE):
            yield size, same[first : first + AT_ONCE]


def sizes_of(size: Any, count: int) -> list[Size]:
    """One size (y, x) for all, or one a picture, as a list of `count`. ValueError where their numbers differ."""
    several = [(int(y), int(x)) for y, x in ([size] * count if np.ndim(size) == 1 else size)]
    if len(several) != count:
        raise ValueError(f"{count} pictures came with {len(several)} sizes; give one (y, x) for all, or one each")
    return several


def tokens_of(tokens: Any) -> Float[np.ndarray, "n gy gx d"]:
    """Patch tokens as float32. ValueError for another shape, no picture, and values that are not finite."""
    array = to_numpy(tokens).astype(np.float32, copy=False)
    if array.ndim != 4 or not array.size:
        raise ValueError(f"patch tokens are (pictures, grid y, grid x, width), none of them 0; got {array.shape}")
    if not np.isfinite(array).all():
        bad = np.flatnonzero(~np.isfinite(array).all(axis=(1, 2, 3)))
        raise ValueError(f"the tokens of {len(bad)} of {len(array)} pictures are not finite, the first is {bad[0]}")
    return array


def planes_of(planes: Any, count: int | None, what: str) -> list[np.ndarray]:
    """One plane (y, x) a picture, of any sizes. ValueError for another number of them than `count`, or another shape.

    `what` names them in the error.
    """
    found = [to_numpy(plane) for plane in planes]
    if count is not None and len(found) != count:
        raise ValueError(f"{count} pictures came with {len(found)} {what}s; give one each")
    if not found:
        raise ValueError(f"no {what} was given")
    for number, plane in enumerate(found):
        if plane.ndim != 2 or not plane.size:
            raise ValueError(f"{what} {number} has shape {plane.shape}; expected one value a pixel, (y, x)")
    return found


def as_tensor(maps: Float[np.ndarray, "b gy gx k"]) -> Float[Tensor, "b k gy gx"]:
    """Maps of patches as torch lays out pictures."""
    return torch.from_numpy(maps).permute(0, 3, 1, 2)
