"""Charts as SVG inside the page: a radar, dots with intervals, and scatters. Colours are classes of the style."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from sightline.measure.report.words import number

COLOURS = 8
RINGS = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Line:
    """One encoder's values on every axis, None where it has none; `style` is a class of the style sheet."""

    name: str
    style: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Dot:
    """A point of a scatter with the interval of its height."""

    name: str
    style: str
    x: float
    y: float
    ci: tuple[float, float] | None = None


def radar(axes: Sequence[str], inner: Sequence[Line], lines: Sequence[Line]) -> str:
    """Polygons over axes from 0 in the middle to 1; `inner` are filled and lie below."""
    width, height, radius = 500, 350, 130
    cx, cy = width / 2, height / 2 + 6
    turns = [2 * math.pi * i / len(axes) - math.pi / 2 for i in range(len(axes))]

    def at(turn: float, share: float) -> str:
        return f"{cx + radius * share * math.cos(turn):.1f},{cy + radius * share * math.sin(turn):.1f}"

    parts = [f'<svg class="radar" viewBox="0 0 {width} {height}" role="img" aria-label="scores of the properties">']
    for ring in RINGS:
        parts.append(f'<polygon class="ring" points="{" ".join(at(turn, ring) for turn in turns)}"/>')
    for turn, axis in zip(turns, axes, strict=True):
        x, y = cx + (radius + 14) * math.cos(turn), cy + (radius + 14) * math.sin(turn)
        anchor = "middle" if abs(math.cos(turn)) < 0.2 else "start" if math.cos(turn) > 0 else "end"
        parts.append(f'<path class="line" d="M{at(turn, 0)} L{at(turn, 1)}"/>')
        lines_of = _wrapped(axis)
        first = y + 4 - (len(lines_of) - 1) * 8 * (1 - math.sin(turn))
        parts += [
            f'<text x="{x:.1f}" y="{first + 16 * i:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
            for i, text in enumerate(lines_of)
        ]
    for line in [*inner, *lines]:
        kind = "inner" if line in inner else "own"
        points = " ".join(at(turn, v or 0.0) for turn, v in zip(turns, line.values, strict=True))
        parts.append(
            f'<polygon class="{kind} {line.style}" points="{points}"><title>{escape(line.name)}</title></polygon>'
        )
        if kind == "own":
            parts += [
                f'<circle class="mark {line.style}" cx="{p[0]}" cy="{p[1]}" r="3.5">'
                f"<title>{escape(f'{line.name}, {axis}: {number(v)}')}</title></circle>"
                for turn, v, axis in zip(turns, line.values, axes, strict=True)
                if v is not None and (p := at(turn, v).split(","))
            ]
    return "".join(parts) + "</svg>"


def scatter(dots: Sequence[Dot], x_name: str, *, log: bool) -> str:
    """Heights from 0 to 1 with their intervals over a cost, logarithmic where `log`."""
    width, height, left, bottom, top = 230, 170, 30, 34, 10
    least, most = min(dot.x for dot in dots), max(dot.x for dot in dots)
    scale = math.log if log else float

    def x(value: float) -> float:
        share = (scale(value) - scale(least)) / (scale(most) - scale(least)) if most > least else 0.5
        return left + 16 + (width - left - 44) * share

    def y(value: float) -> float:
        return top + (height - bottom - top) * (1 - value)

    parts = [
        f'<svg class="scatter" viewBox="0 0 {width} {height}" role="img" aria-label="score over {escape(x_name)}">'
    ]
    for tick in (0.0, 0.5, 1.0):
        parts.append(f'<line class="line" x1="{left}" x2="{width - 4}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text x="{left - 5}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for value in sorted({least, most}):
        parts.append(f'<text x="{x(value):.1f}" y="{height - 18}" text-anchor="middle">{escape(short(value))}</text>')
    parts.append(f'<text x="{(left + width) / 2:.0f}" y="{height - 4}" text-anchor="middle">{escape(x_name)}</text>')
    for dot in dots:
        said = escape(f"{dot.name}: {number(dot.y)} at {short(dot.x)} {x_name}")
        if dot.ci is not None:
            parts.append(
                f'<line class="whisker {dot.style}" x1="{x(dot.x):.1f}" x2="{x(dot.x):.1f}" '
                f'y1="{y(dot.ci[0]):.1f}" y2="{y(dot.ci[1]):.1f}"/>'
            )
        parts.append(
            f'<circle class="mark {dot.style}" cx="{x(dot.x):.1f}" cy="{y(dot.y):.1f}" r="5">'
            f"<title>{said}</title></circle>"
        )
    return "".join(parts) + "</svg>"


def bar(value: float | None, ci: tuple[float, float] | None, style: str) -> str:
    """A score from 0 to 1 as a bar with its interval."""
    width, height = 120, 10
    parts = [f'<svg class="bar" viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">']
    parts.append(f'<rect class="ground" width="{width}" height="{height}" rx="2"/>')
    if value is not None:
        parts.append(f'<rect class="fill {style}" width="{width * value:.1f}" height="{height}" rx="2"/>')
    if ci is not None:
        parts.append(f'<line class="ends" x1="{width * ci[0]:.1f}" x2="{width * ci[1]:.1f}" y1="5" y2="5"/>')
    return "".join(parts) + "</svg>"


def cloud(dots: Sequence[tuple[float, float, int]], name: str) -> str:
    """Pictures along two directions, coloured by cluster."""
    side, margin = 230, 8
    xs, ys = [dot[0] for dot in dots], [dot[1] for dot in dots]
    span = max(max(xs) - min(xs), max(ys) - min(ys), 1e-12)
    parts = [f'<svg class="cloud" viewBox="0 0 {side} {side}" role="img" aria-label="{escape(name)}">']
    for x, y, cluster in dots:
        px = margin + (side - 2 * margin) * (x - min(xs)) / span
        py = side - margin - (side - 2 * margin) * (y - min(ys)) / span
        parts.append(f'<circle class="c{cluster % COLOURS}" cx="{px:.1f}" cy="{py:.1f}" r="3"/>')
    return "".join(parts) + "</svg>"


def short(value: float) -> str:
    """1.2; 12; 1,234; 12.3k; 3.4M."""
    for limit, unit in ((1e9, "G"), (1e6, "M")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{unit}"
    if abs(value) >= 10_000:
        return f"{value / 1000:.3g}k"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _wrapped(text: str, most: int = 16) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
