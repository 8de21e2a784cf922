"""What the bytes of a picture say of themselves without being drawn: what kind they are, and the size of a drawing."""

from pathlib import PurePath

import numpy as np

from sightline.data.decode.picture import NotAPicture, is_svg, open_raster, unpacked
from sightline.data.decode.svg.head import own_size
from sightline.data.sample import BadSample

ENDINGS = {
    **{ending: ending for ending in "png webp gif bmp tiff ico ppm avif icns psd tga dds qoi pcx dib npy svg".split()},
    **{
        "jpg": "jpeg",
        "jpeg": "jpeg",
        "jpe": "jpeg",
        "tif": "tiff",
        "svgz": "svg",
        "jp2": "jpeg2000",
        "j2k": "jpeg2000",
    },
}
"""what files of an index of an earlier version are taken for, whose bytes nobody looks at again"""


def kind_of(image: bytes | np.ndarray) -> str:
    """svg, png, jpeg and so on, by the bytes; npy for an array and for what Pillow does not know."""
    if isinstance(image, np.ndarray):
        return "npy"
    data = unpacked(image)
    if is_svg(data):
        return "svg"
    try:
        return (open_raster(data).image.format or "npy").lower()
    except NotAPicture:
        return "npy" if data[:6] == b"\x93NUMPY" else "tiff"  # of bands: all else was refused before


def kind_by_name(name: str) -> str | None:
    """The kind that a file's ending says; None where it says none."""
    return ENDINGS.get(PurePath(name).suffix.lower().lstrip("."))


def drawing_size(image: bytes | np.ndarray) -> tuple[float, float] | None:
    """(width, height) that an SVG states of itself; None of anything else."""
    if isinstance(image, np.ndarray):
        return None
    data = unpacked(image)
    try:
        return own_size(data) if is_svg(data) else None
    except BadSample:
        return None
