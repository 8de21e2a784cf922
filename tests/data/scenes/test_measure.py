"""Measures of style equal what is known of circles, squares and rings; words are earned where a pen was used."""

import numpy as np
import pytest
from scipy import ndimage

from sightline.data.scenes import Scenes, parts
from sightline.data.scenes.measure import WORDS, line, measures, perimeter, pieces, silhouette, style_words
from sightline.data.scenes.pen import STYLES


def disc(radius: float, side: int = 130) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - side / 2 + 0.5
    return x**2 + y**2 <= radius**2


@pytest.mark.parametrize("radius", (10, 25, 60))
def test_the_perimeter_of_a_disc_is_two_pi_r(radius):
    assert perimeter(disc(radius)) == pytest.approx(2 * np.pi * radius, rel=0.02)


def test_the_perimeter_of_a_square_is_four_sides_to_five_percent():
    ink = np.zeros((100, 100), bool)
    ink[20:80, 20:80] = True
    assert perimeter(ink) == pytest.approx(240, rel=0.06)


def test_a_silhouette_is_the_ink_with_its_holes_filled():
    rng = np.random.default_rng(0)
    for share in (0.1, 0.3, 0.5, 0.7):
        ink = np.pad(rng.random((40, 31)) < share, 1)
        assert np.array_equal(silhouette(ink), ndimage.binary_fill_holes(ink))
    spiral = np.pad(
        np.array([[1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [1, 1, 1, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]], bool), 1
    )
    assert np.array_equal(silhouette(spiral), spiral)


@pytest.mark.parametrize("style", [s for s in STYLES if STYLES[s]])
@pytest.mark.parametrize("name", ("circle", "square", "rectangle", "hexagon"))
def test_the_line_width_of_an_outline_is_that_of_its_pen(name, style):
    assert line(f"shape/{name}/filled@{style}").width == pytest.approx(STYLES[style], rel=0.2)


def test_fill_is_the_share_of_ink_in_the_silhouette():
    for style in ("thin", "thick"):
        hole = (1 - 2 * STYLES[style]) ** 2
        assert line(f"shape/circle/filled@{style}").fill == pytest.approx(1 - hole, abs=0.03)
    assert line("shape/circle/filled").fill == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<path d="M0 0h9v9z"/>', (0, 3)),
        ('<path d="M0 0L4 4 8 0c1 1 2 2 3 3 1-1 2-2 3-3a2 2 0 0 1 4 0z"/>', (3, 3)),
        ('<path d="M1.5.5l-2-3.5-1e1,4q1 1 2 0t3 0s1 1 2 2"/>', (3, 2)),
        ('<path d="M0 0 4 4 8 0"/>', (0, 2)),
        ('<circle r="4"/>', (1, 0)),
        ('<rect width="4" height="4"/>', (0, 4)),
        ('<rect width="4" height="4" rx="1"/>', (4, 4)),
        ('<polygon points="0,0 4,0 2,3"/>', (0, 3)),
    ],
)
def test_curves_and_straight_pieces_are_counted(body, expected):
    assert pieces(body) == expected


def test_roundness_is_one_of_a_circle_and_nought_of_a_square_whatever_the_style():
    assert [line(f"shape/{n}/filled").roundness for n in ("circle", "square", "semicircle")] == [1, 0, 0.5]
    assert line("shape/circle/filled@thin").roundness == 1


@pytest.mark.parametrize("level", (1, 2, 3, 4))
def test_measures_agree_with_the_picture(level):
    source = Scenes(level, n=25, seed=4)
    for k in range(25):
        scene = source.scene(k)
        found = measures(scene)
        assert 0 < found.ink <= found.cover <= 1
        assert found.elements == len(scene.elements) and found.inks == len({e.colour for e in scene.elements})
        assert found.tones == len(np.unique(np.array([scene.background.a, scene.background.b]), axis=0))
        if level == 1:
            assert found.ink == pytest.approx((parts.owners(scene) > 0).mean(), abs=0.01)


def test_a_design_earns_the_words_of_its_style_and_no_other():
    source = Scenes(4, n=300, seed=1)
    for k in range(300):
        scene = source.scene(k)
        words = set(style_words(measures(scene))) & {"filled", "outlined", "thin", "thick"}
        expected = {"filled": {"filled"}, "outlined": {"outlined"}}.get(scene.style, {"outlined", scene.style})
        assert words == expected, scene


def test_every_word_is_earned_by_some_scene_and_by_none_always():
    earned = [style_words(measures(Scenes(level, n=80).scene(k))) for level in (1, 3, 4) for k in range(80)]
    for word in WORDS:
        assert 0 < sum(word in words for words in earned) < len(earned), word
