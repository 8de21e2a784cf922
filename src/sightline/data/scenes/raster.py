"""One SVG string of ours to pixels. Nothing foreign comes here; files of users go through the guarded `data.svg`."""

from __future__ import annotations

import io

import numpy as np
import resvg_py
from PIL import Image


def rasterize(svg: str) -> np.ndarray:
    """RGBA uint8 (y, x, 4), straight alpha, at the width and height that `svg` states in pixels."""
    png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
    picture = Image.open(io.BytesIO(png))
    return np.asarray(picture if picture.mode == "RGBA" else picture.convert("RGBA"))
