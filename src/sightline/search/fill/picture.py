"""One picture on its way into the index: what is known of its place, and what is made from its bytes."""

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from sightline.data.decode.guard import guarded
from sightline.data.decode.picture import NotAPicture, is_svg, measure, open_raster, preview, unpacked
from sightline.data.sample import BadSample, Sample
from sightline.search.folders import folder_lines, sets_of
from sightline.search.look.store import Look, look_of
from sightline.search.row import number, storable

if TYPE_CHECKING:
    from sightline.data.sources.beside import Words

THUMB = 256
"""pixels of a thumbnail's longer side"""
DRAWN = 128
"""of an SVG's: drawing it at 256 takes four times as long, and whoever shows it large draws it anew"""
SOURCE_BYTES = 256 * 2**10
"""of an SVG that has no file of its own and is kept, so that it can be copied out"""
FEW_COLOURS = 1024
"""a thumbnail of no more is drawn, not photographed, and kept without loss"""


@dataclass(slots=True)
class Place:
    """Where a picture is and what it is called; all that is known without opening it."""

    place: str
    """absolute path, or source#key"""
    source: str
    key: str
    path: str | None
    name: str
    captions: list[str]
    """what it is called; the main caption first"""
    terms: list[str]
    """words about it"""
    within: str
    """words of where it lies, as stored"""
    size: int
    mtime: int
    """nanoseconds; 0 where there is no file"""
    hash: str = ""
    inside: "Words | None" = None
    """what the file says of itself; None where it was not read"""


@dataclass(slots=True)
class Content:
    """What is made from the bytes: `pixels` for the tower and a thumbnail, or the reason why not."""

    pixels: Any = None
    """float32 (3, y, x); under NaFlex patches, mask and grid as a named tuple"""
    width: int | None = None
    height: int | None = None
    thumb: bytes | None = None
    source: bytes | None = None
    """of an SVG"""
    look: Look | None = None
    bad: str | None = None
    image: bytes | np.ndarray | None = None
    """what it was made from, while its tiles are still to be made"""


def absolute_path(path: str | Path) -> Path:
    """Absolute and without `..`, so that a file has one name from wherever a command is run; links are not followed."""
    return Path(os.path.abspath(path))


def place_name(sample: Sample, source: str) -> str:
    """What the place of a sample of `source` is called: the absolute path of its file, or source#key."""
    return str(absolute_path(sample.image)) if isinstance(sample.image, Path) else f"{source}#{sample.key}"


def place_of(sample: Sample, source: str) -> Place:
    """Where a sample of `source` is and what it is called. Raises OSError where its file is gone."""
    path = absolute_path(sample.image) if isinstance(sample.image, Path) else None
    stat = path.stat() if path else None
    return Place(
        place=place_name(sample, source),
        source=source,
        key=storable(sample.key),
        path=str(path) if path else None,
        name=storable(sample.name or Path(sample.key).stem),
        captions=[storable(caption) for caption in sample.captions],
        terms=[storable(term) for term in sample.terms],
        within=storable(folder_lines(source, sample.key, str(path) if path else None, sets_of(sample.extra))),
        size=number(stat.st_size) if stat else 0,
        mtime=number(stat.st_mtime_ns) if stat else 0,
    )


def fingerprint(image: bytes | np.ndarray) -> str:
    """Equal for equal pictures only: an array's shape counts, a file's name does not."""
    digest = hashlib.blake2b(digest_size=16)
    if isinstance(image, np.ndarray):
        digest.update(f"{image.shape} {image.dtype}".encode())
        image = image.tobytes()
    digest.update(image)
    return digest.hexdigest()


def content_of(image: bytes | np.ndarray, preprocess: Any) -> Content:
    """Decoded once as the encoder sees it and once small; never raises for a bad picture."""
    try:
        with guarded():
            seen = preprocess(image)
            pixels = seen if isinstance(seen, tuple) else np.asarray(seen, dtype=np.float32)
            width, height = dimensions(image)
            small = preview(image, THUMB if width else DRAWN)
            look = look_of(image, (width, height) if width and height else None, small)
            return Content(pixels, width, height, thumbnail(small), source_of(image), look)
    except BadSample as error:
        return Content(bad=str(error))


def source_of(image: bytes | np.ndarray) -> bytes | None:
    """The bytes of a small SVG; None for anything else."""
    if isinstance(image, np.ndarray) or len(image) > SOURCE_BYTES or not is_svg(unpacked(image)):
        return None
    return image


def dimensions(image: bytes | np.ndarray) -> tuple[int | None, int | None]:
    """Width and height in pixels as shown (after EXIF rotation); None for an SVG, which has none of its own."""
    if isinstance(image, np.ndarray):
        return image.shape[1], image.shape[0]
    data = unpacked(image)
    if is_svg(data):
        return None, None
    try:
        return open_raster(data).shown
    except NotAPicture:
        # an .npy, or a TIFF of many bands: nothing turns them
        return measure(data)


def thumbnail(pixels: np.ndarray) -> bytes:
    """WebP, longer side at most THUMB, transparency kept."""
    image = Image.fromarray(pixels)
    image.thumbnail((THUMB, THUMB), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, format="WEBP", lossless=image.getcolors(FEW_COLOURS) is not None, quality=80, method=2)
    return out.getvalue()
