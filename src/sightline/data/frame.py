"""Which frame of an animation, which page of a TIFF, stands for the whole: the first that shows something.

Many begin with an empty frame, from which the rest fades in. How far is looked depends on the file alone, never on the
clock: the same file gives the same picture everywhere.
"""

from typing import Any

import numpy as np
from PIL import Image

FRAMES = 64
"""looked at"""
PIXELS = 64 * 10**6
"""of all frames looked at after the first"""
APART = 8
"""levels of 255 by which a channel of a frame must differ somewhere"""


def chosen(opened: Image.Image) -> Image.Image:
    """A picture opened, not yet loaded, at the first frame that shows something; a copy of the first where none does."""
    # a GIF tells that it has one frame only by reading through it
    if opened.format != "GIF" and not getattr(opened, "is_animated", False) or shows(opened):
        return opened
    first, looked = opened.copy(), 0
    try:
        for number in range(1, FRAMES):
            opened.seek(number)
            looked += opened.width * opened.height
            if looked > PIXELS:
                break
            if shows(opened):
                return opened
    except Exception:
        # the end, or a later frame that is broken: the first is whole
        pass
    return first


def shows(image: Image.Image) -> bool:
    """Whether it is neither one flat colour nor transparent throughout."""
    image.load()
    if image.mode[0] in "IF":
        values = np.asarray(image)
        values = values[np.isfinite(values)]
        return bool(values.size) and bool(values.min() < values.max())
    if image.mode in {"P", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
    extents: list[Any] = [band.getextrema() for band in image.split()]
    if image.mode in {"LA", "RGBA", "La", "RGBa"}:
        low, high = extents.pop()
        if high == 0 or high - low > APART:
            return high > 0
    return any(high - low > APART for low, high in extents)


def transparent(image: Image.Image) -> bool:
    """Whether no pixel of an RGBA picture can be seen."""
    return image.mode == "RGBA" and image.getextrema()[3][1] == 0
