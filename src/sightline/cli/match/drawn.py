"""The drawing of `sightline match --out`: two pictures side by side, what matches joined by lines."""

import colorsys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from sightline.data.atomic import atomic_write

if TYPE_CHECKING:
    from sightline.search.match.match import Matched

SHOWN = 640
"""pixels of the longer side of a picture: small ones are drawn larger, so that their lines stay apart"""
GAP = 12
PAPER, FAINT = (255, 255, 255), (150, 150, 155)
LINES = 300
"""of the matches that agree at most so many are drawn, evenly taken"""


def draw(out: Path, one: Image.Image, other: Image.Image, found: "Matched") -> None:
    """Matches that agree by lines, coloured by their place in the first picture; others by a grey dot at each end."""
    scales = [SHOWN / max(picture.size) for picture in (one, other)]
    small = [
        p.resize((max(1, round(p.width * s)), max(1, round(p.height * s))), Image.Resampling.LANCZOS)
        for p, s in zip((one, other), scales, strict=True)
    ]
    left, size = small[0].width + GAP, (small[0].width + GAP + small[1].width, max(p.height for p in small))
    page = Image.new("RGB", size, PAPER)
    page.paste(small[0], (0, 0))
    page.paste(small[1], (left, 0))
    pen = ImageDraw.Draw(page)
    starts, ends = (points * scale for points, scale in zip(found.points, scales, strict=True))
    ends = ends + [left, 0]
    agree = np.zeros(len(found.pairs), bool) if found.geometry is None else found.geometry.inliers
    for point in (*starts[~agree], *ends[~agree]):
        _dot(pen, point, FAINT)
    chosen = np.flatnonzero(agree)
    for at in chosen[:: max(1, -(-len(chosen) // LINES))]:
        colour = _colour(starts[at], small[0].size)
        pen.line([*starts[at], *ends[at]], colour, 1)
        _dot(pen, starts[at], colour)
        _dot(pen, ends[at], colour)
    with atomic_write(out) as [temporary]:
        page.save(temporary, "PNG")


def _dot(pen: ImageDraw.ImageDraw, point: np.ndarray, colour: tuple[int, int, int]) -> None:
    x, y = point.tolist()
    pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)


def _colour(point: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int]:
    """Hue by how far to the right, light by how far down."""
    red, green, blue = colorsys.hls_to_rgb(0.85 * point[0] / size[0], 0.35 + 0.25 * point[1] / size[1], 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)
