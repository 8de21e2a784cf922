"""Pictures with what was found in them: boxes and outlines in the colour of their class, each with its name."""

import colorsys
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

SHOWN = 480
"""pixels of the longer side: small pictures are drawn larger, so that words fit"""
WHITE = (255, 255, 255)


def colour(number: int) -> tuple[int, int, int]:
    """Of class or thing `number`: hues a golden section apart, so that neighbours differ."""
    red, green, blue = colorsys.hls_to_rgb(number * 0.618034 % 1.0, 0.45 + 0.1 * (number % 2), 0.85)
    return round(255 * red), round(255 * green), round(255 * blue)


def palette() -> list[int]:
    """Of label pictures: 0 black, 255 white."""
    return [0, 0, 0, *(value for number in range(1, 255) for value in colour(number)), *WHITE]


def outlined(image: Image.Image, things: Any) -> Image.Image:
    """The picture with a box for each thing, its name and score, and its mask laid over it where there is one."""
    from sightline.data.show.sheet import typeface

    scale = max(1.0, SHOWN / max(image.size))
    shown = np.asarray(image).astype(np.float32)
    for number, label in enumerate(things.labels.tolist()):
        if things.masks is not None:
            inside = things.masks[number]
            shown[inside] = 0.5 * shown[inside] + 0.5 * np.array(colour(label + 1), np.float32)
    size = round(image.width * scale), round(image.height * scale)
    page = Image.fromarray(shown.round().astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    pen, font, line = ImageDraw.Draw(page), typeface(13), max(2, max(size) // 300)
    # the surest last, on top
    for box, score, label in list(zip(things.boxes.tolist(), things.scores, things.labels.tolist(), strict=True))[::-1]:
        x, y, w, h = (edge * scale for edge in box)
        pen.rectangle((x, y, x + w, y + h), outline=colour(label + 1), width=line)
        words = f"{things.names[label]} {score:.2f}"
        left, top, right, bottom = pen.textbbox((x + 2, max(0.0, y - 16)), words, font)
        pen.rectangle((left - 2, top - 1, right + 2, bottom + 1), fill=colour(label + 1))
        pen.text((x + 2, max(0.0, y - 16)), words, WHITE, font)
    return page
