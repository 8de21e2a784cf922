"""Colours as their ICC profile means them, in sRGB: what every picture without a profile is taken to be.

Photographs of phones are Display P3, of cameras Adobe RGB, of printers CMYK: taken as sRGB they are pale or wrong.
"""

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

NEAR = 2
"""a profile that moves no colour of a grid by more is sRGB by whatever name, and costs nothing"""
GRID = 17
KEPT = 64
"""transforms; the profiles in use are few"""


def in_srgb(image: Image.Image, profile: bytes | None = None) -> Image.Image:
    """RGB or RGBA for a picture in L, LA, RGB, RGBA, CMYK or LAB that its profile changes; else the picture as it came.

    A profile that is broken or of another kind of picture is as none. CIELAB needs no profile.
    """
    profile = profile if profile is not None else image.info.get("icc_profile")
    if image.mode == "LAB":
        return _applied(image, _lab())
    if not isinstance(profile, bytes) or len(profile) < 128 or image.mode not in {"L", "LA", "RGB", "RGBA", "CMYK"}:
        return image
    space = profile[16:20]
    grey = image.mode in {"L", "LA"}
    if grey and space == b"RGB ":
        colours = image.convert("RGBA" if image.mode == "LA" else "RGB")
        transform = _transform(profile, "RGB")
        return image if transform is None else _applied(colours, transform)
    transform = _transform(profile, "L" if grey else "CMYK" if image.mode == "CMYK" else "RGB")
    return image if transform is None else _applied(image, transform)


def _applied(image: Image.Image, transform: Any) -> Image.Image:
    clear = image.mode in {"LA", "RGBA"}
    colours = image.convert("L") if image.mode == "LA" else Image.merge("RGB", image.split()[:3]) if clear else image
    made = ImageCms.applyTransform(colours, transform)
    assert made is not None, "only in place is there no answer"
    if clear:
        made.putalpha(image.getchannel("A"))
    return made


@lru_cache(KEPT)
def _transform(profile: bytes, mode: str) -> Any:
    """To sRGB; None where it changes nothing, or cannot be made."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, _srgb(), mode, "RGB")
        if mode == "CMYK":
            return transform
        axis = np.linspace(0, 255, GRID).round().astype(np.uint8)
        if mode == "L":
            grid = Image.fromarray(axis[None])
        else:
            grid = Image.fromarray(np.stack(np.meshgrid(axis, axis, axis), -1).reshape(1, -1, 3))
        before, after = np.asarray(grid.convert("RGB"), np.int16), ImageCms.applyTransform(grid, transform)
        return None if np.abs(np.asarray(after, np.int16) - before).max() <= NEAR else transform
    except Exception:
        # whatever is wrong with a profile, the pixels are good
        return None


@lru_cache(1)
def _srgb() -> Any:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@lru_cache(1)
def _lab() -> Any:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), _srgb(), "LAB", "RGB")
