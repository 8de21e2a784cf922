"""Contact sheets: many small pictures with words under them, in one PNG to look at."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sightline.data.prepare.preprocess import Preprocess

PAPER, INK, FAINT = (255, 255, 255), (32, 33, 36), (218, 220, 224)
GAP = 8
LINES = 2
"""lines of words under a picture"""
HEADING = 30
FONTS = ("DejaVuSans.ttf", "Arial.ttf", "LiberationSans-Regular.ttf")
"""the first one installed; Pillow's own, the last resort, has no letters beyond ASCII"""


def sheet(
    pictures: Sequence[np.ndarray], titles: Sequence[str] | None = None, columns: int = 16, cell: int = 96
) -> Image.Image:
    """Pictures (uint8, any size, RGB or RGBA) in rows of `columns`, each fitted into `cell` pixels, `titles` below."""
    if not pictures:
        raise ValueError("a sheet needs at least one picture")
    return rows_sheet(
        [
            ("", list(pictures[start : start + columns]), list(titles[start : start + columns]) if titles else [])
            for start in range(0, len(pictures), columns)
        ],
        cell,
    )


def rows_sheet(rows: Sequence[tuple[str, Sequence[np.ndarray], Sequence[str]]], cell: int = 96) -> Image.Image:
    """One row for each (heading, pictures, titles); a heading "" takes no room, neither do missing titles."""
    if not rows:
        raise ValueError("a sheet needs at least one row")
    words = any(titles for _, _, titles in rows)
    font, bold = typeface(max(9, cell // 9)), typeface(16)
    line = int(font.getbbox("Ag")[3]) + 1
    tall = cell + (LINES * line + 2 if words else 0) + GAP
    width = GAP + max(max(len(pictures), 1) for _, pictures, _ in rows) * (cell + GAP)
    height = GAP + sum(tall + (HEADING if heading else 0) for heading, _, _ in rows)
    canvas = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(canvas)
    fit = Preprocess(size=cell - 2)
    top = GAP
    for heading, pictures, titles in rows:
        if heading:
            pen.text((GAP, top + 4), _cut(heading, bold, width - 2 * GAP), INK, bold)
            top += HEADING
        for column, pixels in enumerate(pictures):
            left = GAP + column * (cell + GAP)
            canvas.paste(Image.fromarray(fit.canvas(pixels)), (left + 1, top + 1))
            pen.rectangle((left, top, left + cell - 1, top + cell - 1), outline=FAINT)
            if column < len(titles):
                for number, text in enumerate(_wrap(titles[column], font, cell)):
                    pen.text((left, top + cell + 2 + number * line), text, INK, font)
        top += tall
    return canvas


@lru_cache(maxsize=8)
def typeface(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Letters of `size` pixels."""
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _cut(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    text = text[: int(width)]
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _wrap(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> list[str]:
    """At most LINES lines no wider than `width` pixels; what does not fit ends in an ellipsis."""
    lines, rest = [], text.split()
    while rest and len(lines) < LINES - 1:
        taken = 1
        while taken < len(rest) and font.getlength(" ".join(rest[: taken + 1])) <= width:
            taken += 1
        lines.append(_cut(" ".join(rest[:taken]), font, width))
        rest = rest[taken:]
    return lines + ([_cut(" ".join(rest), font, width)] if rest else [])
