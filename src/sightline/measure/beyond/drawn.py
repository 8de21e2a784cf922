"""Plain pictures for the questions of this room: things and words on white, drawn from the outlines of scenes."""

import numpy as np

from sightline.data.scenes import parts
from sightline.data.scenes.design import text_width
from sightline.data.scenes.layout import extent
from sightline.data.scenes.palette import BACKGROUND
from sightline.data.scenes.scene import Element, Scene

SIDE = 96
SEED = 16_007
NAMES = ("heart", "house", "star", "bell", "camera", "lock", "flag", "cloud", "moon", "fish", "crown", "ghost")
"""things whose plural takes an s, or nearly"""
INKS = ("red", "green", "blue", "purple", "black", "brown", "teal")


def thing(name: str, colour: str, longer: int, middle: tuple[float, float]) -> Element:
    """An icon of `longer` pixels about `middle` (x, y), moved onto the canvas where it would leave it."""
    key = f"icon/{name}/solid"
    width, height = extent(key, longer)
    return _at("icon", name, key, colour, (width, height), middle)


def word(text: str, colour: str, height: int, middle: tuple[float, float]) -> Element:
    """Capitals of `height` pixels, likewise."""
    return _at("text", "text", f"text/{text}", colour, (text_width(text, height), height), middle)


def picture(*elements: Element) -> np.ndarray:
    """uint8 (96, 96, 3): the elements on white, back to front."""
    return parts.picture(Scene(4, SIDE, BACKGROUND["white"], elements, ()))


def _at(kind: str, name: str, key: str, colour: str, size: tuple[int, int], middle: tuple[float, float]) -> Element:
    # halves go up, so that what is moved by a pixel moves by a pixel
    x, y = (int(min(max(m - s / 2, 0), SIDE - s) + 0.5) for m, s in zip(middle, size, strict=True))
    if max(size) > SIDE:
        raise ValueError(f"{key} is {size[0]} x {size[1]} pixels and does not fit a canvas of {SIDE}")
    return Element(kind, name, key, colour, "small", "filled", (x, y, *size), name if kind == "text" else "")
