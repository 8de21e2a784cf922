"""Styles: the same drawing filled, or as a line inside its edge, so that extent and box stay what they were."""

from __future__ import annotations

import re
from hashlib import blake2b

from sightline.data.scenes.glyphs import View
from sightline.data.scenes.widgets import FAINT

STYLES: dict[str, float] = {"filled": 0.0, "thin": 0.055, "outlined": 0.09, "thick": 0.14}
"""width of the line as a share of the drawing's shorter side; 0 fills"""
PART = 0.12
"""least width about the empty part of a widget: less would not show on a star of eight pixels"""

_FAINT_PART = re.compile(rf"<(\w+)([^>]*){re.escape(FAINT)}([^>]*)/>")


def stroke(style: str) -> str:
    """What a scene's style makes of an icon or a shape: "filled", or "outlined" with a pen of whatever width."""
    return "outlined" if STYLES[style] else "filled"


def pen(body: str, view: View, style: str, parts: str) -> str:
    """The SVG elements of `body` in this style.

    `parts`: "all" draws the edge of everything, "faint" only that of what stands for nothing (the empty stars of a
    rating) and leaves the rest full, "off" leaves what is faint out (the face of a
    clock, whose ring is a line already). Lines lie inside the edge, twice as wide and cut
    off by the drawing itself. Widths are shares of the shorter side of `view`.
    """
    if style not in STYLES:
        raise ValueError(f"no style is called {style!r}; known: {', '.join(STYLES)}")
    width = STYLES[style] * min(view[2:])
    if not width:
        return body
    if parts == "off":
        return _FAINT_PART.sub("", body)
    if parts == "all":
        return _inside(body, width)
    width = max(width, PART * min(view[2:]))
    return _FAINT_PART.sub(lambda found: _inside(f"<{found[1]}{found[2]}{found[3]}/>", width), body)


def _inside(body: str, width: float) -> str:
    # An equal drawing has an equal name: two of them in one document cut the same.
    name = f"c{blake2b(body.encode(), digest_size=6).hexdigest()}"
    line = f'<g fill="none" stroke="currentColor" stroke-width="{2 * width:.4g}" clip-path="url(#{name})">{body}</g>'
    return f'<clipPath id="{name}">{body.replace("fill-rule", "clip-rule")}</clipPath>{line}'
