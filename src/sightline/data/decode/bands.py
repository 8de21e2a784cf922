"""Pictures of any number of bands: satellite, microscope and depth pictures, for towers of as many channels.

From `.npy` (uint8, uint16 or float, (y, x), (y, x, band) or (band, y, x)), multi-band TIFF, arrays, and what Pillow
opens in bands of its own (RGBA, CMYK). As colours other integers are read too, for what they hold says what is white;
as bands they have no scale. Colour pictures for towers of one or three channels do not pass here.
"""

import numpy as np
from PIL import Image

from sightline.data.decode import npy, tiff
from sightline.data.sample import BadSample

PIXELS = 64 * 10**6
"""more than this and a picture, of colours or of bands, is refused as a bomb before its pixels are made"""
BYTES = 512 * 2**20
"""of all bands; a picture that would take more is refused before it is made"""


class WrongBands(BadSample):
    """A picture of another number of bands than was wanted."""


def read_bands(data: bytes) -> np.ndarray:
    """The array of an .npy or multi-band TIFF as it lies in the file. Raises BadSample."""
    if data[:6] == npy.MAGIC:
        said = npy.header(data)
        _affordable(said.shape, said.dtype)
        return npy.read(data)
    found = tiff.header(data)
    _affordable((found.height, found.width, found.bands), found.dtype)
    return tiff.read(data, found)


def size(data: bytes) -> tuple[int, int]:
    """(width, height) from the header of an .npy or multi-band TIFF."""
    if data[:6] != npy.MAGIC:
        found = tiff.header(data)
        return found.width, found.height
    shape = npy.header(data).shape
    if len(shape) == 3:
        shape = shape[1:] if _planar(shape) else shape[:2]
    if len(shape) != 2:
        raise BadSample(f"an array {shape} is no picture: expected (y, x), (y, x, band) or (band, y, x)")
    return shape[1], shape[0]


def is_bands(data: bytes) -> bool:
    """By content: an .npy or a TIFF."""
    return data[:6] == npy.MAGIC or data[:4] in tiff.MAGICS


def channels_last(array: np.ndarray, *channels: int) -> np.ndarray:
    """`array` as (y, x, c) with c one of `channels`; where the last axis and the first could be the bands, the last is.

    Raises BadSample for another number of bands, naming both numbers, for another type, and for no pixels.
    """
    _affordable(array.shape, array.dtype)
    if array.ndim == 2:
        array = array[:, :, None]
    for wanted in channels:
        if array.shape[2] == wanted:
            return array
    for wanted in channels:
        if array.shape[0] == wanted:
            return array.transpose(1, 2, 0)
    found = array.shape[0] if _planar(array.shape) else array.shape[2]
    expected = " or ".join(map(str, channels))
    raise WrongBands(
        f"a picture of {found} bands (stored {' x '.join(map(str, array.shape))}) where {expected} are expected; "
        f"Preprocess(channels={found}) and a tower of {found} channels read it"
    )


def unit_range(values: np.ndarray) -> np.ndarray:
    """float32: uint8 and uint16 over their largest value, floats as they are. Raises BadSample where one is not finite.

    Floats (reflectances, heights) have no common range: the mean and deviation of the encoder give them one.
    """
    if values.dtype.kind not in "uf" or values.dtype.itemsize > {"u": 2, "f": 8}[values.dtype.kind]:
        raise BadSample(f"an array of {values.dtype}; expected uint8, uint16 or floating point")
    if values.dtype.kind == "u":
        return values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max)
    values = values.astype(np.float32)
    if not np.isfinite(values).all():
        raise BadSample(f"{int((~np.isfinite(values)).sum()):,} values are not finite; fill them before")
    return values


def reduced(bands: np.ndarray, size: int, longest: int) -> np.ndarray:
    """float32 (y, x, c) with a shorter side of at most `size`, and a longer one of at most `longest` times that,
    antialiased band by band; smaller pictures stay as they are."""
    y, x = bands.shape[:2]
    share = min(1.0, size / min(y, x), longest * size / max(y, x))
    if share == 1:
        return bands
    small = max(1, round(x * share)), max(1, round(y * share))
    each = (
        Image.fromarray(bands[:, :, band]).resize(small, Image.Resampling.BICUBIC) for band in range(bands.shape[2])
    )
    return np.stack([np.asarray(one) for one in each], -1)


def false_colours(array: np.ndarray) -> np.ndarray:
    """uint8 (y, x, 3) to look at: the first three bands (the first alone, where there are two), each stretched so that
    98 % of its values lie between black and white."""
    if array.ndim == 3 and _planar(array.shape):
        array = array.transpose(1, 2, 0)
    shown = _numbers(array[:, :, :3] if array.shape[2] > 2 else array[:, :, :1].repeat(3, axis=2))
    low, high = np.percentile(shown, (1, 99), axis=(0, 1))
    return ((shown - low) / np.maximum(high - low, 1e-12) * 255).clip(0, 255).astype(np.uint8)


def _numbers(values: np.ndarray) -> np.ndarray:
    """float32, where there is no number the smallest: to look at, some may be missing."""
    values = values.astype(np.float32)
    good = np.isfinite(values)
    if not good.any():
        raise BadSample("no value of this picture is a number")
    return np.where(good, values, values[good].min())


def _planar(shape: tuple[int, ...]) -> bool:
    """Whether the first axis looks like the bands: there are fewer of them than pixels on a side."""
    return shape[0] < shape[2]


def _affordable(shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Raises BadSample where an array of this shape and type is too large to read."""
    if dtype.itemsize > {"b": 1, "u": 8, "i": 8, "f": 8}.get(dtype.kind, 0):
        raise BadSample(f"an array of {dtype}; expected integers or floating point")
    if len(shape) not in {2, 3} or min(shape) < 1:
        raise BadSample(f"an array {shape} is no picture: expected (y, x), (y, x, band) or (band, y, x)")
    total = int(np.prod([int(side) for side in shape], dtype=object))
    places = total // min(shape[0], shape[-1]) if len(shape) == 3 else total
    if places > PIXELS or total * dtype.itemsize > BYTES:
        raise BadSample(
            f"bomb: {' x '.join(map(str, shape))} {dtype}, the limits are {PIXELS:,} pixels and {BYTES:,} bytes"
        )
