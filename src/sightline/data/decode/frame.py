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
CLEAR, EMPTY, FLAT, FULL = range(4)
"""what a frame shows: no pixel; black or white throughout; one colour; something"""


def representative(opened: Image.Image) -> Image.Image:
    """An opened picture at the first frame that shows something, or else the most, or a copy of it."""
    # a GIF tells that it has one frame only by reading through it
    if opened.format != "GIF" and not getattr(opened, "is_animated", False):
        return opened
    if opened.tell():
        opened.seek(0)
    most, looked = visibility(opened), 0
    if most == FULL:
        return opened
    best = opened.copy()
    try:
        for number in range(1, FRAMES):
            opened.seek(number)
            looked += opened.width * opened.height
            if looked > PIXELS:
                break
            if (seen := visibility(opened)) == FULL:
                return opened
            if seen > most:
                most, best = seen, opened.copy()
    except Exception:
        # the end, or a later frame that is broken: those before are whole
        pass
    return best


def visibility(image: Image.Image) -> int:
    """What a frame shows: CLEAR, EMPTY, FLAT or FULL."""
    image.load()
    if image.mode[0] in "IF":
        values = np.asarray(image)
        values = values[np.isfinite(values)]
        return FULL if values.size and values.min() < values.max() else EMPTY
    if image.mode in {"P", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
    extents: list[Any] = [band.getextrema() for band in image.split()]
    if image.mode in {"LA", "RGBA", "La", "RGBa"}:
        low, high = extents.pop()
        if high == 0 or high - low > APART:
            return FULL if high else CLEAR
    if any(high - low > APART for low, high in extents):
        return FULL
    black, white = all(high <= APART for _, high in extents), all(low >= 255 - APART for low, _ in extents)
    return EMPTY if black or white else FLAT


def transparent(image: Image.Image) -> bool:
    """Whether no pixel of an RGBA picture can be seen."""
    if image.mode != "RGBA":
        return False
    middle: Any = image.getpixel((image.width // 2, image.height // 2))
    return middle[3] == 0 and image.getchannel("A").getextrema()[1] == 0
