"""Ground and ink found in pictures of which only pixels are known."""

import numpy as np

from sightline.data.sample import Sample
from sightline.data.scenes import Scenes
from sightline.measure.graphics.manner import Manner
from sightline.measure.graphics.original import Design
from sightline.measure.graphics.pixels import Pixels, parted, turned_hues
from sightline.measure.graphics.stock import LEAST, Stock
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite


def _suite(pictures: list[np.ndarray]) -> Suite:
    samples = [Sample(key=str(k), image=picture) for k, picture in enumerate(pictures)]
    return Suite("folder", "source", Shelf(samples, "folder"))


def _noise(k: int) -> np.ndarray:
    return np.random.default_rng(k).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def _disc(k: int) -> np.ndarray:
    y, x = np.mgrid[:64, :64]
    made = np.full((64, 64, 3), (250, 250, 240), np.uint8)
    made[(y - 30 - k) ** 2 + (x - 32) ** 2 < (14 + k) ** 2] = (180, 20, 40)
    return made


def test_the_ground_of_a_plain_scene_is_what_the_scene_leaves_bare():
    source, shares = Scenes(level=4, n=60, seed=3, size=96), []
    for index in range(60):
        scene = source.scene(index)
        if scene.background.kind != "plain":
            continue
        truth, found = Design(scene).layers(), parted(np.asarray(source[index].image))
        assert found is not None
        assert np.abs(found.ground - truth.ground).max() <= 1
        # holes that the ground does not reach count as ink: rings, letters
        shares.append(((found.cover > 0.5) == (truth.cover > 0.5)).mean())
    assert len(shares) > 10
    assert np.mean(shares) > 0.9


def test_ink_over_the_ground_that_was_found_is_the_picture():
    for k in range(5):
        found = parted(_disc(k))
        assert found is not None
        assert np.abs(found.picture().astype(int) - _disc(k)).max() <= 1


def test_a_picture_without_a_ground_is_not_parted():
    assert parted(_noise(0)) is None
    assert parted(np.full((64, 64, 3), 255, np.uint8)) is None
    made = Pixels.of(_noise(0))
    assert not made.parted
    assert np.array_equal(made.layers().cover, np.ones((96, 96), np.float32))


def test_transparency_is_the_ground():
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[20:40, 20:40] = (10, 200, 30, 255)
    made = Pixels.of(rgba)
    assert made.parted
    assert abs(made.layers().cover.mean() - (20 / 64) ** 2) < 0.01


def test_hues_turn_and_greys_stay():
    grey, red = np.full((1, 1, 3), 90.0), np.array([[[120.0, 60.0, 60.0]]])
    assert np.allclose(turned_hues(grey, 77.0), grey)
    assert np.allclose(turned_hues(red, 120.0), [[[60.0, 120.0, 60.0]]], atol=1e-4)
    assert np.allclose(turned_hues(red, 360.0), red, atol=1e-4)


def test_turning_there_and_back_is_nothing_in_the_middle():
    made = Pixels.of(_disc(0))
    there = Pixels(made.layers(Manner(turn=10.0)), True).layers(Manner(turn=-10.0)).picture()
    assert np.abs(there[30:60, 30:60].astype(int) - made.layers().picture()[30:60, 30:60]).mean() < 2


def test_what_pixels_do_not_tell_is_said():
    photographs = Stock.of(_suite([_noise(k) for k in range(LEAST)]), LEAST)
    assert set(photographs.fitting) == {"pixels", "colour"}
    assert "outlines" in photographs.missing["outlines"]
    assert "0 of 6 pictures" in photographs.missing["ground"]
    discs = Stock.of(_suite([_disc(k) for k in range(LEAST)]), LEAST)
    assert set(discs.fitting) == {"ground", "pixels", "colour"}
    grey = Stock.of(_suite([np.repeat(_noise(k)[..., :1], 3, axis=2) for k in range(LEAST)]), LEAST)
    assert "coloured" in grey.missing["colour"]


def test_equal_pictures_count_once():
    stock = Stock.of(_suite([_disc(0)] * 12), LEAST)
    assert stock.fitting == {}
