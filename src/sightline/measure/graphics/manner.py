"""How one and the same drawing is done: with which line, in which colours, turned by how much."""

import hashlib
from dataclasses import dataclass

LINE = 0.09
"""width of the reference line, as a share of the drawing's shorter side: the style "outlined" of scenes"""
DASHES: dict[str, tuple[tuple[float, float], ...]] = {
    "dashed": ((4, 2),),
    "dotted": ((1, 1),),
    "dash-dotted": ((6, 2), (1, 2)),
}
"""lengths of ink and gap, in line widths (representation.md G.2); at least half is ink"""


@dataclass(frozen=True)
class Pen:
    """A line inside the edge of a drawing; `dash` is a name of DASHES with its gaps at the share `gap`."""

    width: float = LINE
    """share of the drawing's shorter side"""
    dash: str = ""
    gap: float = 0.0

    def outline(self, body: str, shorter: float) -> str:
        """SVG elements of `body` as its line; `shorter` is the shorter side in the units of the body."""
        width = self.width * shorter
        name = f"p{hashlib.blake2b(body.encode(), digest_size=6).hexdigest()}"
        lengths = [part * width for ink, gap in DASHES.get(self.dash, ()) for part in (ink, self.gap * gap)]
        dash = f' stroke-dasharray="{" ".join(f"{part:.4g}" for part in lengths)}"' if lengths and self.gap else ""
        clip = f'<clipPath id="{name}">{body.replace("fill-rule", "clip-rule")}</clipPath>'
        look = f'fill="none" stroke="currentColor" stroke-width="{2 * width:.4g}"{dash}'
        return f'{clip}<g {look} clip-path="url(#{name})">{body}</g>'


@dataclass(frozen=True)
class Manner:
    """Everything that may differ between two drawings of one thing, the ground aside."""

    pen: Pen | None = None
    """None: as the thing is"""
    dye: tuple[int, float] = (0, 0.0)
    """which of three other sets of colours, and how far towards it"""
    turn: float = 0.0
    """degrees clockwise about the middle"""


AS_IT_IS = Manner()
