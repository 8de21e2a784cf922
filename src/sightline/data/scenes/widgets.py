"""Design widgets whose meaning is a value: star rating, battery, toggle, progress bar, clock, bar chart, arrow.

Each is drawn in one ink; what is empty is the same ink, faint. The caption says the value, not only the kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from sightline.data.scenes import glyphs
from sightline.data.scenes.glyphs import View

FAINT = ' fill-opacity=".3"'


class Widget(NamedTuple):
    """One kind of widget: every value it can show, how it is drawn, and how a caption says it."""

    name: str
    values: tuple[str, ...]
    """what level 3 draws, in the order of its draws; () where it draws none"""
    draw: Callable[[str], tuple[str, View]]
    says: str
    """{adj} is the article with size and colour, {value} what is shown"""
    lengths: tuple[tuple[str, float], ...]
    """size words and the longer side, as a share of the canvas"""
    domain: tuple[str, ...]
    """every value it can mean, in order where it has one; what level 4 draws and an edit may set"""
    order: str = "ordinal"
    """nominal, ordinal or circular"""

    def value(self, key: str) -> str:
        """The part of a value that the caption says ("B" of the chart "B/30-100-50")."""
        return key.partition("/")[0]


def _star(x: float, size: float) -> str:
    points = []
    for k in range(10):
        radius = size / 2 * (1.0 if k % 2 == 0 else 0.42)
        angle = -math.pi / 2 + k * math.pi / 5
        points.append(f"{x + size / 2 + radius * math.cos(angle):.2f},{size / 2 + radius * math.sin(angle):.2f}")
    return " ".join(points)


def _stars(value: str) -> tuple[str, View]:
    full = int(value)
    stars = (f'<polygon points="{_star(21 * k, 20)}"{"" if k < full else FAINT}/>' for k in range(5))
    return "".join(stars), (0.49, 0.0, 103.02, 18.09)


def _battery(value: str) -> tuple[str, View]:
    level = 74 * int(value) / 100
    outer, inner = "M6 0h84a6 6 0 0 1 6 6v38a6 6 0 0 1-6 6h-84a6 6 0 0 1-6-6v-38a6 6 0 0 1 6-6z", "M6 6v38h84v-38z"
    case = f'<path fill-rule="evenodd" d="{outer}{inner}"/><path d="M98 16h6v18h-6z"/>'
    full = f'<path d="M11 11h{level:g}v28h{-level:g}z"/>' if level else ""
    rest = f'<path{FAINT} d="M{11 + level:g} 11h{74 - level:g}v28h{level - 74:g}z"/>' if level < 74 else ""
    return f"{case}{full}{rest}", (0.0, 0.0, 104.0, 50.0)


def _toggle(value: str) -> tuple[str, View]:
    pill = "M25 0h40a25 25 0 0 1 0 50h-40a25 25 0 0 1 0-50z"
    if value == "on":
        return f'<path fill-rule="evenodd" d="{pill}M65 7a18 18 0 0 0 0 36a18 18 0 0 0 0-36z"/>', (0.0, 0.0, 90.0, 50.0)
    return f'<path{FAINT} d="{pill}"/><circle cx="25" cy="25" r="18"/>', (0.0, 0.0, 90.0, 50.0)


def _progress(value: str) -> tuple[str, View]:
    track, view = f'<rect{FAINT} width="120" height="18" rx="9"/>', (0.0, 0.0, 120.0, 18.0)
    if value == "0":
        return track, view
    end = 120 if value == "100" else 9 + 102 * int(value) / 100
    return f'{track}<rect width="{end:g}" height="18" rx="9"/>', view


def _clock(value: str) -> tuple[str, View]:
    hour, minute = (int(part) for part in value.split(":"))
    hands = []
    for turn, length, width in (((hour + minute / 60) / 12, 24, 9), (minute / 60, 37, 6)):
        x, y = 50 + length * math.sin(2 * math.pi * turn), 50 - length * math.cos(2 * math.pi * turn)
        hands.append(f'<path d="M50 50L{x:.2f} {y:.2f}" stroke="currentColor" stroke-width="{width}"/>')
    rim = f'<circle cx="50" cy="50" r="50"{FAINT}/>'
    outer, inner = "M50 0a50 50 0 0 0 0 100a50 50 0 0 0 0-100z", "M50 7a43 43 0 0 1 0 86a43 43 0 0 1 0-86z"
    ring = f'<path fill-rule="evenodd" d="{outer}{inner}"/>'
    return f'{rim}{ring}<g stroke-linecap="round">{"".join(hands)}</g>', (0.0, 0.0, 100.0, 100.0)


def _chart(value: str) -> tuple[str, View]:
    _, _, heights = value.partition("/")
    parts = []
    for k, height in enumerate(map(int, heights.split("-"))):
        x, h = 34 * k, 0.7 * height
        body, (vx, vy, vw, vh) = glyphs.icon("abcd"[k], "solid")
        scale = 30 / vh
        at = f"translate({x + 14 - vw * scale / 2:.2f} 73) scale({scale:.4f}) translate({-vx:g} {-vy:g})"
        parts.append(f'<path d="M{x} {70 - h:g}h28v{h:g}h-28z"/><g transform="{at}">{body}</g>')
    return "".join(parts), (0.0, 0.0, 34.0 * len(parts) - 6.0, 102.0)


def _arrow(value: str) -> tuple[str, View]:
    turn = {"left": 0, "up": 90, "right": 180, "down": 270}[value]
    points = "0,50 50,0 50,28 100,28 100,72 50,72 50,100"
    return f'<polygon points="{points}" transform="rotate({turn} 50 50)"/>', (0.0, 0.0, 100.0, 100.0)


def _charts() -> tuple[str, ...]:
    """Three or four bars, one of full height, the others clearly lower."""
    lower = (25, 45, 65)
    rows = []
    for bars in (3, 4):
        for top in range(bars):
            for code in range(3 ** (bars - 1)):
                others = [lower[code // 3**k % 3] for k in range(bars - 1)]
                rows.append(f"{'ABCD'[top]}/{'-'.join(map(str, [*others[:top], 100, *others[top:]]))}")
    return tuple(rows)


_WIDE = (("small", 0.46), ("medium", 0.56), ("large", 0.68))
_SQUARE = (("small", 0.28), ("medium", 0.34), ("large", 0.42))

_HOURS = tuple(f"{hour}:{minute:02d}" for hour in range(1, 13) for minute in range(0, 60, 5))
_TENTHS = tuple(str(10 * k) for k in range(11))

WIDGETS: dict[str, Widget] = {
    "stars": Widget(
        "star rating", tuple("12345"), _stars, "{adj} star rating of {value} out of 5 stars", _WIDE, tuple("012345")
    ),
    "battery": Widget(
        "battery",
        ("25", "50", "75", "100"),
        _battery,
        "{adj} {value} % battery",
        _SQUARE,
        ("0", "25", "50", "75", "100"),
    ),
    "toggle": Widget(
        "toggle", ("on", "off"), _toggle, "{adj} toggle that is {value}", _SQUARE, ("off", "on"), "nominal"
    ),
    "progress": Widget("progress bar", _TENTHS[1:10], _progress, "{adj} progress bar at {value} %", _WIDE, _TENTHS),
    "clock": Widget("analog clock", _HOURS, _clock, "{value} on {adj} analog clock", _SQUARE, _HOURS, "circular"),
    "chart": Widget(
        "bar chart", _charts(), _chart, "{adj} bar chart where {value} is highest", _SQUARE, tuple("ABCD"), "nominal"
    ),
    "arrow": Widget(
        "arrow", (), _arrow, "{adj} arrow pointing {value}", _SQUARE, ("left", "right", "up", "down"), "nominal"
    ),
}
BY_NAME: dict[str, Widget] = {widget.name: widget for widget in WIDGETS.values()}
LEVEL_3 = tuple(widget.name for widget in WIDGETS.values() if widget.values)
"""names of the widgets that level 3 draws"""


def choices(key: str) -> tuple[str, ...]:
    """Every value that the widget with this drawing key can show: its domain, of a chart as far as it has bars."""
    kind, _, value = key.partition("/")
    domain = WIDGETS[kind].domain
    return domain[: value.count("-") + 1] if kind == "chart" else domain


def redrawn(key: str, value: str) -> str:
    """The drawing key of the same widget with another of its `choices`: "stars/3" and "4" give "stars/4".

    A chart exchanges two bars, so that doing it twice, there and back, changes nothing.
    """
    kind, _, old = key.partition("/")
    assert value in choices(key), "callers ask for a choice"
    if kind != "chart":
        return f"{kind}/{value}"
    heights = old.partition("/")[2].split("-")
    a, b = "ABCD".index(old[0]), "ABCD".index(value)
    heights[a], heights[b] = heights[b], heights[a]
    return f"chart/{value}/{'-'.join(heights)}"
