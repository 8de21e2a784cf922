"""A safe SVG to pixels by the renderer, in this thread; a drawing that shows nothing is named as blank."""

import io
from math import ceil
from typing import Any

import resvg_py
from PIL import Image

from sightline.data.decode.svg.fonts import generic_families
from sightline.data.decode.svg.safe import SafeSVG
from sightline.data.sample import BadSample

LONGEST = 8
"""times `size` that the longer side may have; a longer strip gets a shorter side under `size`"""
DPI = 96.0
"""CSS's; the renderer's own default of 0 makes every length in inches or millimetres nothing"""
LOOK = 256
"""pixels at which a drawing that shows nothing is looked at again: thin lines vanish in a thumbnail"""


def draw(drawing: SafeSVG, size: int) -> Image.Image:
    """RGBA, its shorter side `size` pixels. BadSample with the reason, `blank: ...` where no pixel shows."""
    picture = _sized(drawing, size)
    if _blank(picture) and (size >= LOOK or _blank(_sized(drawing, LOOK))):
        raise BadSample(f"blank: {drawing.why_blank}")
    return picture


def box(ratio: float, size: int) -> tuple[int, int]:
    """(width, height) of the ratio with the shorter side `size`, a strip shortened."""
    long = min(ceil(size * max(ratio, 1 / ratio) - 1e-6), size * LONGEST)
    return (long, size) if ratio >= 1 else (size, long)


def _sized(drawing: SafeSVG, size: int) -> Image.Image:
    picture = _render(drawing, box(drawing.ratio or 1.0, size))
    # the root stated no size, or half of one: now that it is known, ask again
    if min(picture.size) < size and max(picture.size) < size * LONGEST:
        picture = _render(drawing, box(picture.width / picture.height, size))
    return picture


def _blank(picture: Image.Image) -> bool:
    return picture.getchannel("A").getextrema()[1] == 0


def _render(drawing: SafeSVG, size: tuple[int, int]) -> Image.Image:
    """The renderer keeps the picture's own ratio inside the box."""
    fonts: dict[str, Any] = generic_families() if drawing.words else {"skip_system_fonts": True}
    try:
        png = resvg_py.svg_to_bytes(svg_string=drawing.text, width=size[0], height=size[1], dpi=DPI, **fonts)
    except ValueError as error:
        raise BadSample(f"SVG cannot be drawn: {error}") from error
    except BaseException as error:
        # a panic of the native renderer has no public type and is no Exception; anything else passes
        if type(error).__name__ != "PanicException":
            raise
        raise BadSample(f"SVG cannot be drawn: {error}") from error
    with Image.open(io.BytesIO(png)) as picture:
        return picture.convert("RGBA")
