"""A raster of any format that Pillow reads, opened by its content and safely, and its pixels made."""

import importlib
import io
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from sightline.data.decode import bands, foreign, frame, icon_file, levels, orientation, profile, tiff
from sightline.data.decode.guard import guarded
from sightline.data.decode.pixels_only import Stripped, strip_metadata
from sightline.data.sample import BadSample

FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "ICO", "PPM", "AVIF"),
    *("DIB", "JPEG2000", "ICNS", "PSD", "TGA", "DDS", "QOI", "PCX"),
)
BY_START = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"GIF8": "GIF"}
"""the usual ones are known at once; of the others Pillow tries one after the other"""
IN_PYTHON = {"QOI": 4 * 10**6, "DDS": 16 * 10**6}
"""pixels at most of what Pillow decodes one by one in Python: a few seconds"""
PLAIN_PIXELS = 4 * 10**6
NO_ALPHA = frozenset({"BMP", "DIB", "TGA", "DDS"})
"""formats whose fourth band is often there and unused: where all of it is 0, the picture is opaque"""
TARGA = b"TRUEVISION-XFILE.\0"
"""how a Targa file ends; it has no mark at the start"""
DEEP = 64
"""16 bits a colour of which the upper 8 stay under this are fewer bits than 16, and read in full"""
MOST = (281, 341)
"""tags of a TIFF: the largest value in it"""
ELSE = "not a picture that can be opened here"


class NotAPicture(BadSample):
    """Bytes that no reader here knows."""


class UnsupportedMode(NotAPicture):
    """A TIFF of a mode that Pillow lacks."""


@dataclass(frozen=True, slots=True)
class Raster:
    """A picture with its header read and its size checked."""

    image: Image.Image
    bare: Stripped
    tags: dict[int, int]
    """of a TIFF"""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) as stored; pages of a TIFF differ in size, so there it takes its pixels to say."""
        pages = self.image.format == "TIFF" and getattr(self.image, "is_animated", False)
        return self._loaded().size if pages else self.image.size

    @property
    def shown(self) -> tuple[int, int]:
        """(width, height) as seen, upright."""
        width, height = self.size
        # Pillow says of a TIFF how it is seen
        return (height, width) if orientation.sideways(self._orientation) else (width, height)

    def reduce(self, side: int) -> None:
        """Lets a JPEG be decoded at a half, quarter or eighth, its shorter side still at least twice `side`."""
        scale = 2 * side / min(self.image.size)
        self.image.draft(None, (round(self.image.width * scale), round(self.image.height * scale)))

    def bands(self) -> Image.Image:
        """Its pixels in their own mode, upright: of an animation the first frame that shows something."""
        return orientation.upright(self._loaded(), self._orientation)

    def plane(self) -> np.ndarray:
        """Its first frame as stored, not turned: numbers, not colours."""
        with self._guarded():
            self.image.load()
        return np.asarray(self.image)

    def colours(self) -> Image.Image:
        """RGB or RGBA in sRGB, upright."""
        image = self._loaded()
        if image.format == "PNG" and image.mode == "L" and (clear := image.info.get("transparency")) is not None:
            # of 2 and 4 bits Pillow spreads the greys, and not the one that is transparent
            image.info["transparency"] = clear * {2: 85, 4: 17}.get(self.bare.data[24], 1)
        if image.mode[0] in "IF":
            image = self._grey(image)
        elif self._sixteen(image):
            image = self._full(image)
        image = plain(image, self.bare.profile)
        if self.image.format in NO_ALPHA and frame.transparent(image):
            image = image.convert("RGB")
        return orientation.upright(image, self._orientation)

    @property
    def _orientation(self) -> int:
        if self.image.format == "TIFF":
            return 1
        if self.bare.orientation == 1 and "exif" in self.image.info:
            return orientation.of_exif(self.image.info["exif"])
        return self.bare.orientation

    def _guarded(self) -> Any:
        """A context in which whatever Pillow raises is a BadSample."""
        return guarded(f"broken or cut {self.image.format} ({len(self.bare.data):,} bytes)")

    def _loaded(self) -> Image.Image:
        with self._guarded():
            image = frame.representative(self.image)
            image.load()
        return image

    def _grey(self, image: Image.Image) -> Image.Image:
        """16 or 32 bits or floating point, as 8 bits."""
        values = np.asarray(image)
        if image.mode == "I" and self.tags.get(tiff.BITS) == 32 and self.tags.get(tiff.FORMAT, 1) == 1:
            values = values.view(np.uint32)  # Pillow knows only those with a sign
        most = next((self.tags[tag] for tag in MOST if self.tags.get(tag, 0) not in {0, 65535}), 0)
        if self.bare.bits in range(9, 16) and int(values.max()) < 2**self.bare.bits:
            most = 2**self.bare.bits - 1
        made = levels.eight_bits(values, most)
        if tiff.inverted(self.tags):
            made = 255 - made
        grey = Image.fromarray(made)
        if isinstance(clear := image.info.get("transparency"), int):
            grey.putalpha(Image.fromarray((values != clear).astype(np.uint8) * np.uint8(255)))
        return grey

    def _sixteen(self, image: Image.Image) -> bool:
        """Whether the picture has 16 bits a colour, of which Pillow keeps the upper 8, and these are all but empty."""
        if image.mode not in {"RGB", "RGBA"} or image is not self.image:
            return False
        deep = self.bare.data[24:25] == b"\x10" if image.format == "PNG" else self.tags.get(tiff.BITS) == 16
        if not deep:
            return False
        extrema: Any = image.getextrema()
        return max(high for _, high in extrema[:3]) < DEEP

    def _full(self, image: Image.Image) -> Image.Image:
        """All 16 bits of a colour as 8 of those that are used."""
        try:
            if image.format == "PNG":
                low: Any = _opened(self.bare.data)
                # read as of the other byte order, the lower byte is the one that is kept
                low.tile = [part._replace(args=str(part.args).replace("16B", "16L")) for part in low.tile]
                values = np.asarray(image).astype(np.uint16) * 256 + np.asarray(low)
            else:
                values = bands.channels_last(bands.read_bands(self.bare.data), 3, 4)
        except Exception:
            values = np.asarray(image)[:, :, :3].astype(np.uint16) * 257
        made = Image.fromarray(levels.eight_bits(np.ascontiguousarray(values[:, :, :3])))
        if image.mode == "RGBA":
            made.putalpha(image.getchannel("A"))
        made.info = image.info
        return made


def plain(image: Image.Image, icc: bytes | None = None) -> Image.Image:
    """Any Pillow picture of 8 bits as RGB or RGBA in sRGB."""
    if image.mode in {"P", "PA"} or "transparency" in image.info:
        known = image.info.get("icc_profile")
        image = _transparent(image)
        icc = icc or known
    if image.mode in {"La", "RGBa"}:
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    image = profile.in_srgb(image, icc)
    if image.mode in {"RGB", "RGBA"}:
        return image
    if image.mode[0] in "IF":
        return Image.fromarray(levels.eight_bits(np.asarray(image))).convert("RGB")
    return image.convert("RGBA" if image.mode in {"LA", "PA"} else "RGB")


def _transparent(image: Image.Image) -> Image.Image:
    """A palette resolved, and one colour that stands for transparency made so."""
    clear = image.info.get("transparency")
    if image.mode == "P" and clear is None and image.palette is not None and image.palette.mode != "RGBA":
        return image.convert("RGB")
    if image.mode == "RGB" and isinstance(clear, tuple) and max(clear) > 255:
        image = image.copy()
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    return image.convert("RGBA")


def open_raster(data: bytes) -> Raster:
    """By content alone. Raises NotAPicture with what it is instead, and BadSample for what is broken or too large."""
    kind = data[:4]
    tags = tiff.tags_of(data) if kind in tiff.MAGICS else {}
    raw = foreign.raw_of(data, tags) if kind in tiff.MAGICS else None
    if unfit := raw or foreign.unfit(data):
        raise NotAPicture(f"{ELSE}: {unfit}")
    if tags.get(tiff.FORMAT) == 2 and tags.get(tiff.BITS) == 8:
        raise UnsupportedMode("not a picture: a TIFF of 8 bits with a sign, which Pillow takes for none")
    with guarded():
        left = strip_metadata(icon_file.largest(data))
        try:
            image = _opened(left.data)
        except Image.UnidentifiedImageError as error:
            if _start(data):
                raise BadSample(f"broken or cut {_start(data)} ({len(data):,} bytes)") from error
            if kind in tiff.MAGICS:
                raise UnsupportedMode("not a picture: a TIFF of an unknown kind, or broken") from error
            what = foreign.kind_of(data)
            raise NotAPicture(f"{ELSE}: {what}" if what else f"not a picture: it starts with {data[:12]!r}") from error
        _check(image)
        if kind in {icon_file.ICO, icon_file.ICNS}:
            image.format = "ICO" if kind == icon_file.ICO else "ICNS"
    return Raster(image, left, tags)


def _start(data: bytes) -> str | None:
    """The format of the usual ones."""
    if data[:4] == b"RIFF":
        return "WEBP" if data[8:12] == b"WEBP" else None
    return BY_START.get(data[:4]) or BY_START.get(data[:3])


def _opened(data: bytes) -> Image.Image:
    usual, plugin = _start(data), foreign.plugin_format(data)
    formats = (usual,) if usual else tuple(name for name in FORMATS if name != "TGA" or _targa(data))
    if plugin and (learnt := _learnt(plugin)):
        formats = (learnt,)
    return Image.open(io.BytesIO(data), formats=formats)


def _targa(data: bytes) -> bool:
    """By the mark at its end, or an older plain one by its header, which must announce exactly what is there."""
    if data.endswith(TARGA):
        return True
    if len(data) < 18 or data[1] or data[2] not in {2, 3} or data[16] not in {8, 16, 24, 32}:
        return False
    width, height = int.from_bytes(data[12:14], "little"), int.from_bytes(data[14:16], "little")
    return width * height > 0 and len(data) == 18 + data[0] + width * height * data[16] // 8


@cache
def _learnt(name: str) -> str | None:
    """The format that a plugin has taught Pillow, where it is installed."""
    plugin = foreign.PLUGINS[name]
    try:
        module = importlib.import_module(plugin.module)
        if plugin.call:
            getattr(module, plugin.call)()
    except Exception:
        # not there, or made for another Pillow
        return None
    return plugin.format if plugin.format in Image.OPEN else None


def _check(image: Image.Image) -> None:
    """Its size, before its pixels are made."""
    pixels = image.width * image.height
    most = IN_PYTHON.get(image.format or "", bands.PIXELS)
    parts: Any = getattr(image, "tile", None)
    if parts and parts[0][0] in {"ppm", "ppm_plain", "bmp_rle"}:
        most = PLAIN_PIXELS
    if pixels > most:
        raise BadSample(f"bomb: {image.width} x {image.height} pixels, the limit is {most:,}")
    if min(image.size) < 1:
        raise BadSample("a picture of no pixels")
