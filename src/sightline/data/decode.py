"""A picture of any kind to pixels, safely: what it is is decided by its content, and what is wrong with it is said.

JPEG, PNG, WebP, GIF, BMP, TIFF, ICO, PPM, AVIF and SVG; CMYK, 16-bit, palette and grey become RGB; the first frame of
an animation; upright by its EXIF; alpha is kept only where something shows through. Arrays (.npy) of 1, 3 or 4 bands
are colours too; `bands` reads those of any number.
"""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from sightline.data import bands, npy, svg, tiff
from sightline.data.bands import PIXELS
from sightline.data.sample import BadSample, Encoded
from sightline.data.svg import rasterize
from sightline.data.svg_text import is_svg

FILE_BYTES = 512 * 2**20
STRIP = 16
"""a reduced picture has at most this many times size x size pixels, so that a strip of 1 x 100,000 stays small"""
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "ICO", "PPM", "AVIF")
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
FAULTS = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError),
    *(struct.error, zlib.error, Warning),
)
"""what Pillow's readers raise on broken files (they index and unpack what the file says, so all of these occur);
warnings where the user has made them errors"""
VECTOR = 256


class NotAPicture(BadSample):
    """Bytes that Pillow does not know."""


def decode(image: Encoded, size: int | None = None) -> np.ndarray:
    """Pixels uint8 (y, x, 3), or (y, x, 4) with straight alpha iff any pixel is not opaque.

    `size` is the shorter side wanted: larger rasters are reduced to it (antialiased, on premultiplied alpha, JPEGs
    already while decoding), smaller ones stay; SVG is drawn at it (default 256). Raises BadSample with the reason.
    """
    return _pixels(_reduced(picture(image, size, reduce=size), size))


def preview(image: Encoded, size: int) -> np.ndarray:
    """As `decode`, to be looked at: bands that are no colours are shown in false ones."""
    try:
        return decode(image, size)
    except bands.OtherBands:
        assert not isinstance(image, np.ndarray), "arrays of other bands are refused as such"
        return _pixels(_reduced(Image.fromarray(bands.false_colours(bands.stored(unpacked(image)))), size))


def picture(image: Encoded, vector: int | None = None, *, reduce: int | None = None) -> Image.Image:
    """The picture upright, RGB or RGBA, a raster at its own size and an SVG with its shorter side `vector`.

    `reduce` allows a JPEG to be decoded at a half, quarter or eighth, its shorter side still at least twice `reduce`.
    """
    if isinstance(image, np.ndarray):
        return _from_array(image)
    data = unpacked(image)
    if is_svg(data):
        return Image.fromarray(rasterize(data, vector or VECTOR))
    opened = _known(data)
    if opened is None:
        return _from_bands(data)
    if reduce:
        scale = 2 * reduce / min(opened.size)
        opened.draft(None, (round(opened.width * scale), round(opened.height * scale)))
    return _colours(_upright(_loaded(opened, data)))


def own_bands(data: bytes) -> Image.Image:
    """The picture upright in bands of its own (RGBA, CMYK, grey), its palette resolved; an SVG is RGBA."""
    if is_svg(data):
        return Image.fromarray(rasterize(data, VECTOR))
    image = _upright(_loaded(_open(data), data))
    return _colours(image) if image.mode in {"P", "PA", "1"} else image


def colours(image: Image.Image) -> Image.Image:
    """Any Pillow picture, upright, as RGB or RGBA."""
    return _colours(_upright(image))


def measure(image: Encoded) -> tuple[int, int]:
    """(width, height) as stored, from the header alone; of an SVG by what its root states, with a shorter side of 256."""
    if isinstance(image, np.ndarray):
        return image.shape[1], image.shape[0]
    data = unpacked(image)
    if is_svg(data):
        return svg.measure(data)
    opened = _known(data)
    return bands.size(data) if opened is None else opened.size


def open_raster(image: Path | bytes) -> Image.Image:
    """The raster with its header read and its size checked, its pixels not yet made, in its own mode."""
    return _open(unpacked(image))


def unpacked(image: Path | bytes) -> bytes:
    """The bytes of a picture, gunzipped where they are an .svgz."""
    if isinstance(image, Path):
        try:
            if image.stat().st_size > FILE_BYTES:
                raise BadSample(f"file of {image.stat().st_size:,} bytes, the limit is {FILE_BYTES:,}")
            data = image.read_bytes()
        except OSError as error:
            raise BadSample(f"{error.strerror or error}: {image}") from error
    else:
        data = image
    if not data:
        raise BadSample("empty file (0 bytes)")
    if data[:2] == b"\x1f\x8b":
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, 64 * 2**20)
        except zlib.error as error:
            raise BadSample(f"broken gzip: {error}") from error
    return data


def _open(data: bytes) -> Image.Image:
    try:
        opened = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.UnidentifiedImageError as error:
        raise NotAPicture(f"not a picture: it starts with {data[:12]!r}") from error
    except BOMBS as error:
        raise BadSample(f"bomb: {error}") from error
    except FAULTS as error:
        raise BadSample(f"broken picture: {error}") from error
    if opened.width * opened.height > PIXELS:
        raise BadSample(f"bomb: {opened.width} x {opened.height} pixels, the limit is {PIXELS:,}")
    if min(opened.size) < 1:
        raise BadSample("a picture of no pixels")
    return opened


def _known(data: bytes) -> Image.Image | None:
    """The raster as `_open` gives it; None where only `bands` can read it: an .npy, a TIFF of a mode Pillow lacks."""
    if data[:6] == npy.MAGIC:
        return None
    try:
        return _open(data)
    except NotAPicture:
        if data[:4] not in tiff.MAGICS:
            raise
        return None


def _loaded(opened: Image.Image, data: bytes) -> Image.Image:
    try:
        opened.load()
    except BOMBS as error:
        raise BadSample(f"bomb: {error}") from error
    except FAULTS as error:
        raise BadSample(f"broken or cut {opened.format} ({len(data):,} bytes): {error}") from error
    return opened


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except FAULTS:
        # the pixels are good; an EXIF block that cannot be read cannot say how they were turned
        return image


def _colours(image: Image.Image) -> Image.Image:
    if image.mode in {"RGB", "RGBA"} and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if image.mode in {"LA", "La", "PA", "RGBa", "RGBA"} or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("RGB")


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Grey of 16 or 32 bits, or floating point in 0..1 or 0..255, as uint8."""
    top = float(values.max(initial=0))
    if values.dtype.kind == "f":
        scale = 255.0 if top <= 1.0 else 1.0
    else:
        scale = 1 / 257 if top > 255 or values.dtype.itemsize == 2 else 1.0
    return np.nan_to_num(values.astype(np.float64) * scale).round().clip(0, 255).astype(np.uint8)


def _from_array(array: np.ndarray) -> Image.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if (
        array.dtype != np.uint8
        or not (array.ndim == 2 or array.ndim == 3 and array.shape[2] in {3, 4})
        or not array.size
    ):
        raise BadSample(f"expected a uint8 array (y, x), (y, x, 3) or (y, x, 4), got {array.dtype} {array.shape}")
    return _colours(Image.fromarray(array))


def _from_bands(data: bytes) -> Image.Image:
    """Grey, RGB or RGBA of an .npy or of a TIFF that Pillow cannot open; other numbers of bands are refused by name."""
    array = bands.arranged(bands.stored(data), 3, 4, 1)
    pixels = array if array.dtype == np.uint8 else _eight_bits(array)
    return _from_array(np.ascontiguousarray(pixels))


def _reduced(image: Image.Image, size: int | None) -> Image.Image:
    if size is None:
        return image
    pixels = image.width * image.height
    scale = min(size / min(image.size), (STRIP * size * size / pixels) ** 0.5)
    if scale >= 1:
        return image
    target = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    # Hamming has no negative lobes, so no halos around shapes and no colour outside the alpha; Pillow premultiplies
    return image.resize(target, Image.Resampling.HAMMING, reducing_gap=3.0)


def _pixels(image: Image.Image) -> np.ndarray:
    pixels = np.array(image)
    if pixels.shape[2] == 4 and pixels[:, :, 3].min() == 255:
        return np.ascontiguousarray(pixels[:, :, :3])
    return pixels
