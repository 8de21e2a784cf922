"""NaFlex preprocessing (SigLIP 2): a picture at its own aspect ratio, cut into at most so many patches."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from sightline.data.decode.picture import colours
from sightline.data.prepare.preprocess import visible_background


class CutPicture(NamedTuple):
    """One picture as patches; stack the fields of several for a batch."""

    patches: np.ndarray
    """float32 (length, patch * patch * c), row-major, each patch laid out (y, x, c); zeros after the last"""
    mask: np.ndarray
    """bool (length,): true where a patch is real"""
    grid: np.ndarray
    """int64 (2,): height and width in patches"""


def fitted_size(height: int, width: int, patch: int, length: int) -> tuple[int, int]:
    """(height, width) in pixels, multiples of `patch`, that keep the aspect ratio with at most `length` patches.

    The largest scale r for which ceil(r height / patch) * ceil(r width / patch) <= length, found by halving as
    published, so that the answer is the same to the pixel.
    """
    if min(height, width, patch, length) < 1:
        raise ValueError(f"a picture of {height} x {width}, patches of {patch}, {length} of them: all must be positive")
    low, high, step = 1e-6, 100.0, 1e-5
    while high - low >= step:
        middle = (low + high) / 2
        y, x = _rounded(middle, height, patch), _rounded(middle, width, patch)
        low, high = (middle, high) if (y // patch) * (x // patch) <= length else (low, middle)
    return _rounded(low, height, patch), _rounded(low, width, patch)


def cut(
    picture: Image.Image,
    *,
    patch: int = 16,
    length: int = 256,
    mean: tuple[float, ...] = (0.5, 0.5, 0.5),
    std: tuple[float, ...] = (0.5, 0.5, 0.5),
    background: tuple[int, int, int] = (255, 255, 255),
) -> CutPicture:
    """Resized (bilinear, antialiased), composited as every evaluation view, normalised, cut and padded."""
    picture = colours(picture)
    height, width = fitted_size(picture.height, picture.width, patch, length)
    resized = picture.resize((width, height), Image.Resampling.BILINEAR)
    if resized.mode == "RGBA":
        canvas = Image.new("RGB", resized.size, visible_background(resized, background))
        canvas.paste(resized, (0, 0), resized)
        resized = canvas
    centre, spread = np.asarray(mean, np.float32), np.asarray(std, np.float32)
    pixels = (np.asarray(resized, np.float32) / 255.0 - centre) / spread
    gy, gx = height // patch, width // patch
    flat = pixels.reshape(gy, patch, gx, patch, -1).transpose(0, 2, 1, 3, 4).reshape(gy * gx, -1)
    patches = np.zeros((length, flat.shape[1]), np.float32)
    patches[: len(flat)] = flat
    return CutPicture(patches, np.arange(length) < len(flat), np.array([gy, gx], np.int64))


def stacked(pictures: Sequence[CutPicture]) -> CutPicture:
    """Several pictures as one batch, without the padding that all have: patches (b, n, k), mask (b, n), grid (b, 2)."""
    longest = max(int(picture.mask.sum()) for picture in pictures)
    patches, masks = [picture.patches[:longest] for picture in pictures], [p.mask[:longest] for p in pictures]
    return CutPicture(np.stack(patches), np.stack(masks), np.stack([picture.grid for picture in pictures]))


def _rounded(scale: float, size: int, patch: int) -> int:
    return max(patch, math.ceil(size * scale / patch) * patch)
