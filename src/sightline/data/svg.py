"""SVG to pixels at the size asked, by resvg; what may be drawn is decided in `svg_safe`."""

import io
import threading
from math import ceil
from typing import Any

import numpy as np
import resvg_py
from PIL import Image

from sightline.data.sample import BadSample
from sightline.data.svg_fonts import generic_families
from sightline.data.svg_safe import SafeSVG, safe

LONGEST = 8
"""times `size` that the longer side may have; a longer strip gets a shorter side under `size`"""
DEEP = 12
"""elements inside each other that any thread's stack can draw; deeper ones are drawn on a stack of their own"""
STACK = 64 * 2**20
DPI = 96.0
"""CSS's; the renderer's own default of 0 makes every length in inches or millimetres nothing"""
_stack = threading.Lock()


def rasterize(svg: str | bytes, size: int) -> np.ndarray:
    """The picture as uint8 RGBA (y, x, 4), straight alpha, its shorter side `size` pixels.

    Nothing outside the file is read: links to files or addresses are dropped, scripts ignored. System fonts are loaded
    only where there is text. Raises BadSample with the reason.
    """
    drawing = safe(svg)
    picture = _draw(drawing, drawing.ratio or 1.0, size)
    height, width = picture.shape[:2]
    # the root stated no size, or half of one: now that it is known, ask again
    if min(height, width) < size and max(height, width) < size * LONGEST:
        picture = _draw(drawing, width / height, size)
    return picture


def title(svg: str | bytes) -> str | None:
    """What the picture calls itself: its first `<title>`, else the root's `aria-label`, else None."""
    try:
        return safe(svg).title or None
    except BadSample:
        return None


def _draw(drawing: SafeSVG, ratio: float, size: int) -> np.ndarray:
    """Draw into the box of the ratio (width / height); resvg keeps the picture's own ratio inside the box."""
    long = min(ceil(size * max(ratio, 1 / ratio) - 1e-6), size * LONGEST)
    box = (long, size) if ratio >= 1 else (size, long)
    if drawing.depth <= DEEP:
        return _render(drawing, box)
    answer: list[np.ndarray | BadSample] = []

    def work() -> None:
        try:
            answer.append(_render(drawing, box))
        except BadSample as error:
            answer.append(error)

    with _stack:
        before = threading.stack_size(STACK)
        try:
            thread = threading.Thread(target=work, name="sightline-deep-svg")
            thread.start()
        finally:
            threading.stack_size(before)
    thread.join()
    if isinstance(answer[0], BadSample):
        raise answer[0]
    return answer[0]


def _render(drawing: SafeSVG, box: tuple[int, int]) -> np.ndarray:
    fonts: dict[str, Any] = generic_families() if drawing.words else {"skip_system_fonts": True}
    try:
        png = resvg_py.svg_to_bytes(svg_string=drawing.text, width=box[0], height=box[1], dpi=DPI, **fonts)
    except ValueError as error:
        raise BadSample(f"SVG cannot be drawn: {error}") from error
    except BaseException as error:
        # a panic of the native renderer has no public type and is no Exception; anything else passes
        if type(error).__name__ != "PanicException":
            raise
        raise BadSample(f"SVG cannot be drawn: {error}") from error
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGBA"))
