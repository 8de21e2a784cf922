"""The ROC as a drawing: an SVG that stands alone, or the PNG of it."""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sightline.probes.verification import Curve

SIDE, LEFT, TOP = 320, 56, 34
PIXELS = 880
"""of a PNG's shorter side"""
INK, SOFT, LINE, MARK = "#1d1d1f", "#6e6e73", "#d2d2d7", "#0a66c2"


def write_plot(out: Path, curve: "Curve", title: str) -> None:
    """Draws the curve into `out`, a .svg or a .png, replaced whole."""
    from sightline.data.atomic import atomic_write

    drawing = roc_svg(curve, title)
    with atomic_write(out) as [temporary]:
        if out.suffix.lower() == ".svg":
            temporary.write_text(drawing, encoding="utf-8")
        else:
            from sightline.data.decode.svg.draw import draw
            from sightline.data.decode.svg.safe import sanitize

            # here, not in a process that is killed after seconds as strangers' drawings are: this one is ours
            draw(sanitize(drawing), PIXELS).convert("RGB").save(temporary, format="PNG")


def roc_svg(curve: "Curve", title: str) -> str:
    """True accepts over false accepts, from 0 to 1 each, with the equal error rate marked on its diagonal."""

    def at(far: float, tar: float) -> tuple[float, float]:
        return LEFT + SIDE * far, TOP + SIDE * (1 - tar)

    width, height = LEFT + SIDE + 24, TOP + SIDE + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12"><title>{escape(title)}</title><rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" fill="{INK}" font-weight="bold">{escape(title)}</text>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        (x, y), (end, top) = at(share, share), at(1.0, 1.0)
        base = TOP + SIDE
        parts.append(f'<path d="M{x:g} {base} V{top:g} M{LEFT} {y:g} H{end:g}" stroke="{LINE}" fill="none"/>')
        parts.append(f'<text x="{x:g}" y="{base + 17}" fill="{SOFT}" text-anchor="middle">{share:g}</text>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:g}" fill="{SOFT}" text-anchor="end">{share:g}</text>')
    middle = LEFT + SIDE / 2
    parts.append(f'<text x="{middle:g}" y="{TOP + SIDE + 38}" fill="{INK}" text-anchor="middle">false accepts</text>')
    parts.append(
        f'<text transform="translate(16 {TOP + SIDE / 2:g}) rotate(-90)" fill="{INK}" text-anchor="middle">'
        "true accepts</text>"
    )
    (x1, y1), (x2, y2) = at(0, 1), at(1, 0)
    parts.append(f'<path d="M{x1:g} {y1:g} L{x2:g} {y2:g}" stroke="{SOFT}" stroke-dasharray="4 4" fill="none"/>')
    points = " ".join(
        f"{x:.1f},{y:.1f}" for x, y in (at(far, tar) for far, tar in zip(curve.far, curve.tar, strict=True))
    )
    parts.append(f'<polyline points="{points}" stroke="{MARK}" stroke-width="2" fill="none"/>')
    x, y = at(curve.eer, 1 - curve.eer)
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{MARK}"/>')
    beside, anchor = (x + 12, "start") if curve.eer < 0.6 else (x - 12, "end")
    parts.append(
        f'<text x="{beside:.1f}" y="{y + 16:.1f}" fill="{INK}" text-anchor="{anchor}" '
        'stroke="#fff" stroke-width="4" paint-order="stroke">'
        f"EER {curve.eer:.1%}, AUC {curve.auc:.4f}</text></svg>"
    )
    return "".join(parts)
