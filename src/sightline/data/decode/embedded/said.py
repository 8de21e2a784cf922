"""Every text for people that a picture file holds, whatever its format and the block it stands in.

JPEG, PNG, WebP, TIFF, PSD, AVIF and SVG. Only heads are looked at, no pixels are made. A block that is broken, hostile
or of unknown make hides none of the others and raises nothing.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import TypeVar

from PIL import Image

from sightline.data.decode import tiff
from sightline.data.decode.chunks import JPEG, PNG, is_webp, jpeg_segments, webp_chunks
from sightline.data.decode.embedded import png
from sightline.data.decode.embedded.exif import exif
from sightline.data.decode.embedded.found import Found
from sightline.data.decode.embedded.photoshop import photoshop
from sightline.data.decode.embedded.xmp import svg, xmp
from sightline.data.decode.foreign import AVIF_BRANDS, brands
from sightline.data.decode.guard import guarded
from sightline.data.decode.picture import unpacked
from sightline.data.decode.svg.text import is_svg
from sightline.data.sample import BadSample

T = TypeVar("T")
Block = Callable[[], Iterator[Found]]
"""one block of a file, not yet read"""
BLOCKS = 16
"""of a file; a picture has two or three"""
TEXTS = 256
"""of a file"""
XMP_HEAD, PHOTOSHOP_HEAD = b"http://ns.adobe.com/xap/1.0/\0", b"Photoshop 3.0\0"


def said(data: bytes) -> list[Found]:
    """The texts in a picture file as they are written, in the order of the file, at most TEXTS. Never raises."""
    found: list[Found] = []
    for block in islice(_each(partial(_blocks, data)), BLOCKS):
        found += islice(_each(block), TEXTS - len(found))
    return found


def _each(some: Callable[[], Iterator[T]]) -> Iterator[T]:
    """What can be had before something breaks."""
    with suppress(BadSample), guarded():
        yield from some()


def _blocks(data: bytes) -> Iterator[Block]:
    data = unpacked(data)
    if data[:3] == JPEG:
        yield from _of_jpeg(data)
    elif data[:8] == PNG:
        yield from (partial(png.chunk, kind, body) for kind, body in png.blocks(data))
    elif is_webp(data):
        readers = {b"EXIF": exif, b"XMP ": xmp}
        parts = ((readers.get(kind), data[at + 8 : after]) for kind, at, after in webp_chunks(data) if kind in readers)
        yield from (partial(reader, body) for reader, body in parts if reader)
    elif data[:4] in tiff.MAGICS:
        yield partial(exif, data)
    elif data[:4] == b"8BPS":
        yield partial(photoshop, _resources(data))
    elif brands(data) & AVIF_BRANDS:
        info = Image.open(io.BytesIO(data), formats=["AVIF"]).info
        yield partial(exif, info.get("exif", b""))
        yield partial(xmp, info.get("xmp", b""))
    elif is_svg(data):
        yield partial(svg, data)


def _of_jpeg(data: bytes) -> Iterator[Block]:
    resources: list[bytes] = []
    for marker, at, after in jpeg_segments(data):
        body = data[at + 4 : after] if marker in {0xE1, 0xED} else b""
        if body.startswith(b"Exif\0\0"):
            yield partial(exif, body)
        elif body.startswith(XMP_HEAD):
            yield partial(xmp, body.removeprefix(XMP_HEAD))
        elif body.startswith(PHOTOSHOP_HEAD):
            # what is longer than a segment goes on in the next
            resources.append(body.removeprefix(PHOTOSHOP_HEAD))
    if resources:
        yield partial(photoshop, b"".join(resources))


def _resources(data: bytes) -> bytes:
    """The resources of a PSD, behind its head of 26 bytes and its palette."""
    at = 30 + int.from_bytes(data[26:30])
    return data[at + 4 : at + 4 + int.from_bytes(data[at : at + 4])]
