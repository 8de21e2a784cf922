"""SVG to pixels at the size asked, by resvg: plain drawings here, costly ones in a process that can be killed.

What may be drawn is decided in `sanitize`, what it costs in `cost`. The renderer holds the interpreter while it
draws, so whatever takes more than a few milliseconds goes to `pool`, and others are answered meanwhile.
"""

import codecs
import contextlib

import numpy as np

from sightline.data.decode.svg.cost import Cost, OverBudget
from sightline.data.decode.svg.draw import draw
from sightline.data.decode.svg.head import measure, title
from sightline.data.decode.svg.pool import draw_apart
from sightline.data.decode.svg.safe import Costly, sanitize
from sightline.data.decode.svg.tree import CHARACTERS
from sightline.data.sample import BadSample

__all__ = ["measure", "rasterize", "title"]

HERE = 16_384
"""characters of a drawing that may be read here; a larger one is read where it is drawn"""
MILLISECONDS = 25.0
"""that drawing may take here, by the estimate"""
DEEP = 12
"""elements inside each other that any thread's stack can draw"""


def rasterize(svg: str | bytes, size: int) -> np.ndarray:
    """The picture as uint8 RGBA (y, x, 4), straight alpha, its shorter side `size` pixels.

    Nothing outside the file is read: links to files or addresses are dropped, scripts ignored. System fonts are loaded
    only where there is text. Raises BadSample with the reason, `blank: ...` where nothing is drawn.
    """
    if len(svg) > CHARACTERS:
        raise BadSample(f"SVG of {len(svg):,} characters, the limit is {CHARACTERS:,}")
    if len(svg) <= HERE:
        with contextlib.suppress(Costly, OverBudget):
            drawing = sanitize(svg, quick=True)
            if not drawing.cost.slow and drawing.cost.depth <= DEEP and estimate(drawing.cost, size) <= MILLISECONDS:
                return np.asarray(draw(drawing, size))
    return draw_apart(_bytes(svg), size)


def estimate(cost: Cost, size: int) -> float:
    """Milliseconds of drawing at `size`, over those of an empty picture, roughly (a server's core of 2022)."""
    return cost.elements * (0.04 + 1.5e-5 * size * size)


def _bytes(svg: str | bytes) -> bytes:
    """A text is already decoded, whatever encoding its first line declares; the mark says so."""
    return svg if isinstance(svg, bytes) else codecs.BOM_UTF8 + svg.encode("utf-8", "replace")
