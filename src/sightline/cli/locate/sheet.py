"""The sheet of `sightline locate --out`: boxes and heat maps."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from sightline.data.atomic import atomic_write
from sightline.data.show.sheet import rows_sheet

SHOWN = 448
"""pixels of the longer side of a picture on the sheet"""


def draw(out: Path, picture: Image.Image, results: list[dict[str, Any]], heats: list[Any], part: Any) -> None:
    """A row for each of the words: the picture with its box, beside it its heat map."""
    from sightline.data.prepare.seen import laid_over
    from sightline.measure.look.picture import heat as coloured

    small = picture.copy()
    small.thumbnail((SHOWN, SHOWN))
    ratio = small.width / picture.width, small.height / picture.height
    rows = []
    for found, heat in zip(results, heats, strict=True):
        boxed, line = small.copy(), max(2, small.width // 150)
        if found["box"] is not None:
            x, y, w, h = (edge * ratio[side % 2] for side, edge in enumerate(found["box"]))
            pen = ImageDraw.Draw(boxed)
            pen.rectangle((x - line, y - line, x + w + line, y + h + line), outline=(255, 255, 255), width=line)
            pen.rectangle((x, y, x + w, y + h), outline=(220, 30, 60), width=line)
        values = laid_over(heat, part, *small.size)
        over = Image.blend(small, Image.fromarray(coloured(values, float(heat.min()), float(heat.max()))), 0.65)
        title = "no box" if found["box"] is None else f"score {found['score']:.3f}"
        rows.append((found["words"], [np.asarray(boxed), np.asarray(over)], [title, "heat map"]))
    with atomic_write(out) as [temporary]:
        rows_sheet(rows, cell=SHOWN).save(temporary, "PNG")
