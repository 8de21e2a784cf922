"""Styles: lines inside the edge, so that extents, boxes and what an element owns are the same in every style."""

import numpy as np
import pytest

from sightline.data.scenes import parts, vocabulary
from sightline.data.scenes.drawings import drawing
from sightline.data.scenes.pen import STYLES, pen, stroke
from sightline.data.scenes.widgets import FAINT, WIDGETS, choices

LINES = ("thin", "outlined", "thick")


def cover(key: str) -> np.ndarray:
    return parts.part(key, 80, 60).cover[:, ::3].astype(int)


@pytest.mark.parametrize("thing", vocabulary.pool(4), ids=lambda thing: thing.name)
def test_a_line_lies_inside_the_filled_drawing_and_a_thicker_one_holds_a_thinner_one(thing):
    areas = [cover(f"{thing.filled}@{style}") for style in (*LINES, "filled")]
    for inner, outer in zip(areas, areas[1:], strict=False):
        # resvg steps coverage by quarters down a pixel and cuts at the edge a second time
        assert (inner - outer).max() <= 96 and (inner > outer + 24).mean() < 0.02
        assert inner.sum() < outer.sum()


@pytest.mark.parametrize("style", LINES)
@pytest.mark.parametrize("thing", vocabulary.pool(4)[::4], ids=lambda thing: thing.name)
def test_extent_and_ownership_are_those_of_the_filled_drawing(thing, style):
    plain, key = thing.filled, f"{thing.filled}@{style}"
    assert drawing(key).view == drawing(plain).view
    assert np.array_equal(parts.part(key, 40, 40).solid, parts.part(plain, 40, 40).solid)


def test_a_circle_drawn_by_a_pen_is_a_ring_of_that_width():
    side = 200
    for style in LINES:
        ink = parts.part(f"shape/circle/filled@{style}", side, side).cover[:, ::3].sum() / 256
        outer, inner = side / 2, side / 2 - STYLES[style] * side
        assert ink == pytest.approx(np.pi * (outer**2 - inner**2), rel=0.01)


@pytest.mark.parametrize("kind", WIDGETS)
@pytest.mark.parametrize("style", STYLES)
def test_every_value_of_a_widget_is_another_drawing_in_every_style(kind, style):
    first = f"{kind}/{(WIDGETS[kind].values or WIDGETS[kind].domain)[-1]}"
    keys = [first.partition("/")[0] + "/" + v for v in choices(first)] if kind != "chart" else [first]
    pictures = {cover(f"{key}@{style}").tobytes() for key in keys}
    assert len(pictures) == len(keys)


@pytest.mark.parametrize("style", LINES)
@pytest.mark.parametrize("key", ("stars/2", "battery/25", "toggle/off", "progress/40", "clock/10:10"))
def test_what_is_empty_in_a_widget_is_no_longer_faint_and_what_is_full_stays(key, style):
    assert FAINT in drawing(key).body and FAINT not in drawing(f"{key}@{style}").body
    full = cover(key) == 256
    assert (cover(f"{key}@{style}")[full] >= 192).mean() > 0.99


def test_a_turned_drawing_is_the_drawing_turned_whatever_its_style():
    for key in ("icon/flag/solid", "icon/heart/solid@thick"):
        _, _, w, h = drawing(key).view
        _, _, tall, wide = drawing(f"{key}~90").view
        assert (wide, tall) == pytest.approx((w, h), rel=0.02)
        size = (80, round(80 * h / w))
        upright, turned = parts.part(key, *size), parts.part(f"{key}~90", *size[::-1])
        assert (np.rot90(upright.solid, -1) == turned.solid).mean() > 0.97
        assert parts.part(f"{key}~0", *size).cover == pytest.approx(upright.cover, abs=64)


def test_filled_is_the_drawing_itself_and_every_line_is_an_outline():
    assert drawing("icon/heart/solid@filled").body == drawing("icon/heart/solid").body
    assert [stroke(style) for style in STYLES] == ["filled", "outlined", "outlined", "outlined"]


def test_an_unknown_style_names_the_known_ones():
    with pytest.raises(ValueError, match="filled, thin, outlined, thick"):
        pen("<circle/>", (0, 0, 1, 1), "baroque", "all")
