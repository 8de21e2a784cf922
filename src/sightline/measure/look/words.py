"""Attention between two texts as a picture: a cell for each pair of words, the words at the sides."""

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw

from sightline.data.show.sheet import GAP, INK, PAPER, typeface
from sightline.measure.look.picture import heat, tiled
from sightline.weights.capabilities.translates import Alignment

CELL = 24


def matrix(weights: Float[np.ndarray, "n m"], across: tuple[str, ...], down: tuple[str, ...]) -> Image.Image:
    """`weights` as colours, dark 0 to bright 1: a column for each word of `across`, a row for each of `down`.

    ValueError where there are not as many words as columns and rows.
    """
    if weights.shape != (len(down), len(across)):
        raise ValueError(f"weights of shape {weights.shape} beside {len(down)} words down and {len(across)} across")
    font = typeface(CELL // 2)
    left, top = (GAP + max(round(font.getlength(word)) for word in words) + GAP for words in (down, across))
    canvas = Image.new("RGB", (left + CELL * len(across) + GAP, top + CELL * len(down) + GAP), PAPER)
    cells = [[np.broadcast_to(cell, (CELL - 1, CELL - 1, 3)) for cell in row] for row in heat(weights, 0.0, 1.0)]
    sheet = Image.fromarray(tiled(cells))
    canvas.paste(sheet, (left, top), sheet)
    pen, middle = ImageDraw.Draw(canvas), CELL // 2
    for row, word in enumerate(down):
        pen.text((left - GAP, top + row * CELL + middle), word, INK, font, anchor="rm")
    for column, word in enumerate(across):
        upright = Image.new("RGB", (top - GAP, CELL), PAPER)
        ImageDraw.Draw(upright).text((0, middle), word, INK, font, anchor="lm")
        canvas.paste(upright.rotate(90, expand=True), (left + column * CELL, 0))
    return canvas


def looked(found: Alignment, block: int = -1) -> Image.Image:
    """Where the heads of one `block` of a translator looked, their mean: the text across, what was written down."""
    return matrix(found.maps[block].mean(0), found.source, found.target)
