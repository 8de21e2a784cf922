"""Pictures for the page: what a tower saw as pixels again, numbers as colours, and PNGs as data addresses."""

import base64
import io
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

RAMP = np.array(
    [[14, 11, 45], [66, 20, 104], [136, 34, 106], [204, 66, 72], [244, 130, 40], [252, 196, 72], [253, 250, 202]]
)
"""dark to bright, so that it reads in grey too"""
VEIL = (104, 110, 138)
"""neither black nor white, so that it is seen on black pictures and on white ones"""


def to_pixels(ready: Any, mean: tuple[float, ...], std: tuple[float, ...]) -> UInt8[np.ndarray, "y x 3"]:
    """The pixels of a preprocessed picture: float (c, y, x), or cut patches (n, k) with their grid (NaFlex).

    Grey is repeated; of n bands the first three are shown, each stretched to its own range.
    """
    array = _whole(ready) if hasattr(ready, "patches") else np.asarray(ready, dtype=np.float32)
    scale, shift = (np.asarray(value, np.float32)[:, None, None] for value in (std, mean))
    array = array * scale + shift
    if len(array) not in (1, 3):
        array = array[:3] if len(array) >= 3 else array[:1]
        low, high = array.min((1, 2), keepdims=True), array.max((1, 2), keepdims=True)
        array = (array - low) / np.maximum(high - low, 1e-12)
    pixels = np.rint(array.clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    return np.ascontiguousarray(pixels if pixels.shape[2] == 3 else pixels.repeat(3, axis=2))


def heat(values: Float[np.ndarray, "y x"], low: float, high: float) -> UInt8[np.ndarray, "y x 3"]:
    """Numbers as colours of the ramp, `low` dark and `high` bright."""
    place = ((values - low) / max(high - low, 1e-12)).clip(0, 1) * (len(RAMP) - 1)
    base = np.minimum(place.astype(int), len(RAMP) - 2)
    part = (place - base)[..., None]
    return np.rint(RAMP[base] * (1 - part) + RAMP[base + 1] * part).astype(np.uint8)


def veil(mask: Bool[np.ndarray, "y x"], strength: float = 0.85) -> UInt8[np.ndarray, "y x 4"]:
    """A cover where the mask is false and nothing where it is true, to lie over a picture."""
    cover = np.zeros((*mask.shape, 4), np.uint8)
    cover[..., :3] = VEIL
    cover[..., 3] = np.where(mask, 0, round(255 * strength))
    return cover


def tiled(tiles: list[list[UInt8[np.ndarray, "_y _x 3"]]], gap: int = 1) -> UInt8[np.ndarray, "y x 4"]:
    """Equal pictures side by side, with see-through lines between them."""
    y, x = tiles[0][0].shape[:2]
    sheet = np.zeros((len(tiles) * (y + gap) - gap, len(tiles[0]) * (x + gap) - gap, 4), np.uint8)
    for i, row in enumerate(tiles):
        for j, tile in enumerate(row):
            top, left = i * (y + gap), j * (x + gap)
            sheet[top : top + y, left : left + x, :3] = tile
            sheet[top : top + y, left : left + x, 3] = 255
    return sheet


def address(pixels: UInt8[np.ndarray, "y x c"]) -> str:
    """A PNG inside the page itself."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _whole(cut: Any) -> np.ndarray:
    """Cut patches put together again; padding is left out."""
    y, x = (int(side) for side in cut.grid)
    patches = np.asarray(cut.patches, np.float32)[: y * x]
    side = round((patches.shape[1] / 3) ** 0.5)
    return patches.reshape(y, x, side, side, 3).transpose(4, 0, 2, 1, 3).reshape(3, y * side, x * side)
