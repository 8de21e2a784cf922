"""Curves in panels beside one another, as an SVG that stands alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

WIDTH, HEIGHT, LEFT, TOP, LEGEND = 230, 200, 52, 30, 16
INK, SOFT, LINE = "#1d1d1f", "#6e6e73", "#d2d2d7"
COLOURS = ("#1d1d1f", "#0a66c2", "#d1491d", "#1f8a4c", "#8e44ad", "#b8860b")


@dataclass(frozen=True)
class Panel:
    """A title and its curves by name, points (x, y)."""

    title: str
    curves: Mapping[str, Sequence[tuple[float, float]]]


def lines_svg(panels: Sequence[Panel], *, x: str, y: str, level: float | None = None) -> str:
    """All panels on the same axes, from 0; `level` is a dashed line across."""
    points = [point for panel in panels for curve in panel.curves.values() for point in curve]
    right, top = max(at for at, _ in points), max(value for _, value in points) * 1.05
    rows = max(len(panel.curves) for panel in panels)
    width, height = len(panels) * (WIDTH + LEFT) + 14, TOP + HEIGHT + 46 + rows * LEGEND + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="11"><title>{escape(y)} over {escape(x)}</title><rect width="{width}" height="{height}" '
        'fill="#fff"/>'
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, number * (WIDTH + LEFT) + LEFT, right, top, x, y if not number else "", level)
    return "".join(parts) + "</svg>\n"


def _panel(panel: Panel, left: float, right: float, top: float, x: str, y: str, level: float | None) -> list[str]:
    base = TOP + HEIGHT

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return left + WIDTH * point[0] / right, base - HEIGHT * point[1] / top

    parts = [f'<text x="{left}" y="18" fill="{INK}" font-weight="bold">{escape(panel.title)}</text>']
    for tick in _ticks(top):
        row = at((0, tick))[1]
        parts.append(f'<path d="M{left} {row:.1f} h{WIDTH}" stroke="{LINE}" fill="none"/>')
        parts.append(f'<text x="{left - 6}" y="{row + 4:.1f}" fill="{SOFT}" text-anchor="end">{tick:g}</text>')
    for tick in _ticks(right):
        column = at((tick, 0))[0]
        parts.append(f'<text x="{column:.1f}" y="{base + 15}" fill="{SOFT}" text-anchor="middle">{tick:,g}</text>')
    middle, centre = left + WIDTH / 2, TOP + HEIGHT / 2
    parts.append(f'<text x="{middle:g}" y="{base + 31}" fill="{INK}" text-anchor="middle">{escape(x)}</text>')
    if y:
        turned = f"translate(12 {centre:g}) rotate(-90)"
        parts.append(f'<text transform="{turned}" fill="{INK}" text-anchor="middle">{escape(y)}</text>')
    if level is not None:
        row = at((0, level))[1]
        parts.append(f'<path d="M{left} {row:.1f} h{WIDTH}" stroke="{SOFT}" stroke-dasharray="4 4" fill="none"/>')
    for number, (name, curve) in enumerate(panel.curves.items()):
        colour, row = COLOURS[number % len(COLOURS)], base + 46 + number * LEGEND
        line = " ".join("{:.1f},{:.1f}".format(*at(point)) for point in curve)
        parts.append(f'<polyline points="{line}" stroke="{colour}" stroke-width="2" fill="none"/>')
        parts.append(f'<path d="M{left} {row} h16" stroke="{colour}" stroke-width="2" fill="none"/>')
        parts.append(f'<text x="{left + 22}" y="{row + 4}" fill="{INK}">{escape(name)}</text>')
    return parts


def _ticks(end: float) -> list[float]:
    """About four round numbers from 0 to the end."""
    step = 10.0 ** floor(log10(end / 4))
    step *= next(times for times in (1, 2, 5, 10) if times * step >= end / 5)
    return [round(step * i, 10) for i in range(int(end / step) + 1)]
