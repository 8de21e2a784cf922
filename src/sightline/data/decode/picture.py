"""A picture of any kind to pixels, safely: what it is is decided by its content, and what is wrong with it is said.

JPEG, PNG, WebP, GIF, BMP, TIFF, ICO, PPM, AVIF, JPEG 2000, PSD, ICNS, TGA, DDS, QOI, PCX and SVG, in sRGB by the
profile that the file brings; CMYK, 16-bit, floating-point, palette and grey become RGB; of an animation the first frame
that shows something; upright by its EXIF; alpha is kept only where something shows through. Arrays (.npy) of 1, 3 or 4
bands are colours too; `bands` reads those of any number. Whatever a reader raises is a BadSample.
"""

import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from sightline.data import regular
from sightline.data.decode import bands, frame, levels, npy, raster, tiff
from sightline.data.decode.guard import guarded
from sightline.data.decode.raster import FORMATS, NotAPicture, Raster
from sightline.data.decode.svg import rasterize as svg
from sightline.data.decode.svg.rasterize import rasterize
from sightline.data.decode.svg.text import is_svg
from sightline.data.sample import BadSample, Encoded

__all__ = ["FILE_BYTES", "FORMATS", "NotAPicture", "colours", "decode", "is_svg", "measure", "open_raster", "own_bands"]
__all__ += ["picture", "preview", "unpacked"]

FILE_BYTES = 512 * 2**20
STRIP = 16
"""a reduced picture has at most this many times size x size pixels, so that a strip of 1 x 100,000 stays small"""
VECTOR = 256


def decode(image: Encoded, size: int | None = None) -> np.ndarray:
    """Pixels uint8 (y, x, 3), or (y, x, 4) with straight alpha iff any pixel is not opaque.

    `size` is the shorter side wanted: larger rasters are reduced to it (antialiased, on premultiplied alpha, JPEGs
    already while decoding), smaller ones stay; SVG is drawn at it (default 256). Raises BadSample with the reason.
    """
    with guarded():
        return _pixels(_reduced(picture(image, size, reduce=size), size))


def preview(image: Encoded, size: int) -> np.ndarray:
    """As `decode`, to be looked at: bands that are no colours are shown in false ones."""
    try:
        return decode(image, size)
    except bands.WrongBands:
        assert not isinstance(image, np.ndarray), "arrays of other bands are refused as such"
        with guarded():
            return _pixels(_reduced(Image.fromarray(bands.false_colours(bands.read_bands(unpacked(image)))), size))


def picture(image: Encoded, vector: int | None = None, *, reduce: int | None = None) -> Image.Image:
    """The picture upright, RGB or RGBA, a raster at its own size and an SVG with its shorter side `vector`.

    `reduce` allows a JPEG to be decoded at a half, quarter or eighth, its shorter side still at least twice `reduce`.
    Raises BadSample with the reason, `blank: ...` where nothing of it can be seen.
    """
    with guarded():
        made = _picture(image, vector, reduce)
        # an array is what a program made, and knows
        if not isinstance(image, np.ndarray) and frame.transparent(made):
            raise BadSample("blank: every pixel is transparent")
        return made


def _picture(image: Encoded, vector: int | None, reduce: int | None) -> Image.Image:
    if isinstance(image, np.ndarray):
        return _from_array(image)
    data = unpacked(image)
    if is_svg(data):
        return Image.fromarray(rasterize(data, vector or VECTOR))
    opened = _known(data)
    if opened is None:
        return _from_bands(data)
    if reduce:
        opened.reduce(reduce)
    return opened.colours()


def own_bands(data: bytes) -> Image.Image:
    """The picture upright in bands of its own (RGBA, CMYK, grey), its palette resolved; an SVG is RGBA."""
    with guarded():
        if is_svg(data):
            return Image.fromarray(rasterize(data, VECTOR))
        image = raster.open_raster(data).bands()
        return raster.plain(image) if image.mode in {"P", "PA", "1"} else image


def colours(image: Image.Image) -> Image.Image:
    """Any Pillow picture, upright, as RGB or RGBA."""
    with guarded():
        image.load()
        try:
            image = ImageOps.exif_transpose(image)
        except Exception:
            # the pixels are good; an EXIF block that cannot be read cannot say how they were turned
            pass
        return raster.plain(image)


def measure(image: Encoded) -> tuple[int, int]:
    """(width, height) as stored, from the header alone; an SVG as its root states, its shorter side 256."""
    if isinstance(image, np.ndarray):
        return image.shape[1], image.shape[0]
    with guarded():
        data = unpacked(image)
        if is_svg(data):
            return svg.measure(data)
        opened = _known(data)
        return bands.size(data) if opened is None else opened.size


def open_raster(image: Path | bytes) -> Raster:
    """The raster with its header read and its size checked, its pixels not yet made."""
    return raster.open_raster(unpacked(image))


def unpacked(image: Path | bytes) -> bytes:
    """The bytes of a picture, gunzipped where they are an .svgz."""
    if isinstance(image, Path):
        with guarded(""):
            data = regular.read_regular(image, FILE_BYTES + 1)
        if len(data) > FILE_BYTES:
            raise BadSample(f"file of {image.stat().st_size:,} bytes, the limit is {FILE_BYTES:,}")
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


def _known(data: bytes) -> Raster | None:
    """The raster; None where only `bands` can read it: an .npy, a TIFF of a mode Pillow lacks."""
    if data[:6] == npy.MAGIC:
        return None
    try:
        return raster.open_raster(data)
    except raster.UnsupportedMode:
        return None


def _from_array(array: np.ndarray) -> Image.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if (
        array.dtype != np.uint8
        or not (array.ndim == 2 or array.ndim == 3 and array.shape[2] in {3, 4})
        or not array.size
    ):
        raise BadSample(f"expected a uint8 array (y, x), (y, x, 3) or (y, x, 4), got {array.dtype} {array.shape}")
    return raster.plain(Image.fromarray(array))


def _from_bands(data: bytes) -> Image.Image:
    """Grey, RGB or RGBA of an .npy or of a TIFF that Pillow cannot open; other numbers of bands are refused by name."""
    array = bands.channels_last(bands.read_bands(data), 3, 4, 1)
    made = levels.eight_bits(array[:, :, :3])
    if data[:4] in tiff.MAGICS and tiff.inverted(tiff.tags_of(data)):
        made = 255 - made
    if array.shape[2] == 4:
        made = np.concatenate([made, levels.opacity(array[:, :, 3:])], axis=2)
    return _from_array(np.ascontiguousarray(made))


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
