"""What an operation changes, what it leaves, and that every ink stays legible."""

import numpy as np
import pytest
from scipy.ndimage import maximum_filter

from sightline.data.scenes import edited
from sightline.data.scenes.palette import COLOURS, contrast
from sightline.measure.graphics.gallery import gallery
from sightline.measure.graphics.layers import distance
from sightline.measure.graphics.manner import LINE, Manner, Pen
from sightline.measure.graphics.operation import GROUNDS, NAMED, OPERATIONS, SEVERITIES, Operation, patterns
from sightline.measure.graphics.original import Design, Icon, fitting
from sightline.measure.graphics.stock import Stock
from sightline.measure.suite.opened import open_suite

NAMES = [operation.name for operation in OPERATIONS]


@pytest.fixture(scope="module")
def stock() -> Stock:
    return Stock.of(open_suite("scenes", quick=True), 6)


@pytest.fixture(params=OPERATIONS, ids=NAMES)
def operation(request: pytest.FixtureRequest) -> Operation:
    return request.param


def test_a_severity_of_nothing_changes_nothing(stock: Stock, operation: Operation):
    for original in stock.fitting["pixels"]:
        for value in range(3):
            before, after = operation.before(original), operation.after(original, value, 0.0)
            assert np.abs(before.astype(int) - after).max() <= 1  # the narrower range of a texture, rounded


def test_more_severity_is_more_change(stock: Stock, operation: Operation):
    moved = np.array(
        [
            [distance(operation.before(o), operation.after(o, value, s)) for s in SEVERITIES]
            for o in stock.fitting["pixels"]
            for value in range(3)
        ]
    )
    assert (np.diff(moved.mean(0)) > 0).all()
    assert (moved[:, -1] > 0).all()


def test_the_values_of_an_operation_look_different(stock: Stock, operation: Operation):
    assert len(operation.values) == 3
    for original in stock.fitting["pixels"]:
        made = [operation.after(original, value, 1.0) for value in range(3)]
        assert min(distance(made[a], made[b]) for a, b in ((0, 1), (0, 2), (1, 2))) > 0


@pytest.mark.parametrize("name", ["background", "checkerboard"])
def test_a_new_ground_touches_no_pixel_that_is_all_ink(stock: Stock, name: str):
    for original in stock.fitting["ground"]:
        full = original.layers().cover == 1
        before, after = NAMED[name].before(original), NAMED[name].after(original, 1, 1.0)
        assert np.array_equal(before[full], after[full])
        assert not np.array_equal(before[~full], after[~full])


@pytest.mark.parametrize("name", ["texture", "colour", "line width", "line style"])
def test_other_ink_leaves_the_bare_ground(stock: Stock, name: str):
    for original in stock.fitting["ground"]:
        filled, lines = original.layers().cover, original.layers(Manner(Pen(1.0))).cover
        bare = maximum_filter(np.maximum(filled, lines), 3) == 0  # beyond the edges of the whole silhouettes
        before, after = NAMED[name].before(original), NAMED[name].after(original, 1, 1.0)
        assert np.array_equal(before[bare], after[bare])


def test_a_gap_takes_ink_away_and_never_more_than_half(stock: Stock):
    for original in stock.fitting["outlines"]:
        whole = original.layers(Manner(Pen())).cover.sum()
        for dash in ("dashed", "dotted", "dash-dotted"):
            kept = original.layers(Manner(Pen(dash=dash, gap=1.0))).cover.sum()
            assert 0.45 * whole < kept < whole


def test_a_thicker_line_covers_what_a_thinner_one_covers(stock: Stock):
    for original in stock.fitting["outlines"]:
        thin, thick = (original.layers(Manner(Pen(width))).cover for width in (0.5 * LINE, LINE))
        assert (thick >= thin - 0.05).all()
        assert thick.sum() > thin.sum()


def test_every_ink_that_stands_out_from_white_stands_out_from_every_ground():
    legible = [ink for ink in COLOURS.values() if contrast(ink, (255, 255, 255)) >= 1.8]
    assert len(legible) >= 10
    assert min(contrast(ink, tone) for ink in legible for tone in GROUNDS.values()) >= 1.5


def test_patterns_keep_the_mean():
    made = patterns(96)
    assert np.abs(made.mean((1, 2))).max() < 0.01
    assert np.abs(made).max() <= 1


def test_what_is_turned_stays_on_the_canvas():
    boxes = [(0.0, 0.0, 20.0, 96.0), (70.0, 40.0, 26.0, 10.0)]
    assert fitting([(40.0, 40.0, 16.0, 16.0)], 96, 10.0) == 1.0
    scale = fitting(boxes, 96, 10.0)
    angle = np.radians(10.0)
    far = max(
        np.abs(scale * np.array([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)])).max()
        for x in (-48, -28, 22, 48)
        for y in (-48, 48)
        if (x, y) not in {(22, -48), (48, -48), (22, 48), (48, 48)}
    )
    assert scale < 1 and far <= 48 + 1e-9


def test_a_design_in_its_own_manner_is_the_scene_as_it_is_drawn():
    suite = open_suite("scenes", quick=True)
    for sample in suite.drawn(4, 50).samples[:10]:
        made = Design(sample.extra["scene"]).layers().picture()
        assert np.abs(made.astype(float) - np.asarray(sample.image)).mean() < 0.2


def test_designs_are_on_white_and_in_no_palette_they_are_recoloured_to(stock: Stock):
    for original in stock.fitting["pixels"]:
        assert isinstance(original, Design)
        assert original.scene.background.words == "white"
        assert original.scene.palette not in NAMED["colour"].values
        assert edited(original.scene, "palette", "cool").palette == "cool"


def test_icons_are_drawn_from_their_own_outlines():
    stock = Stock.of(open_suite("icons", quick=True), 6)
    assert set(stock.fitting) == {"outlines", "ground", "pixels", "colour"}
    assert all(isinstance(original, Icon) for original in stock.fitting["outlines"])
    assert Icon.of(b"<svg/>", "nothing") is None


def test_the_gallery_shows_three_pictures_of_every_operation():
    shown = gallery(open_suite("scenes", quick=True))
    assert [name for name, *_ in shown] == [name for name in NAMES for _ in range(3)]
    for _, severity, before, after in shown:
        assert severity == 1.0
        assert before.shape == after.shape == (96, 96, 3) and before.dtype == after.dtype == np.uint8
        assert distance(before, after) > 0
