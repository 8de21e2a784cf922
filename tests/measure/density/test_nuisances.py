"""What each nuisance does to pixels, on pictures where it can be said exactly."""

import numpy as np
import pytest

from sightline.measure.density.nuisances import NUISANCES, Nuisance, brightness, contrast, noise, scale, shift


def some(side: int = 40) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (side, side + 8, 3), dtype=np.uint8)


@pytest.mark.parametrize("nuisance", NUISANCES, ids=lambda n: n.name)
def test_a_nuisance_keeps_shape_and_type_changes_the_picture_and_is_a_function_of_its_draws(nuisance: Nuisance) -> None:
    pixels = some()
    for severity in nuisance.severities:
        made = nuisance.apply(pixels, severity, np.random.default_rng(1))
        assert made.shape == pixels.shape and made.dtype == np.uint8
        assert (made != pixels).any() and (pixels == some()).all()
        assert (made == nuisance.apply(pixels, severity, np.random.default_rng(1))).all()


@pytest.mark.parametrize("nuisance", NUISANCES, ids=lambda n: n.name)
def test_severities_run_from_mild_to_strong(nuisance: Nuisance) -> None:
    smooth = np.repeat(np.linspace(60, 190, 96)[:, None, None], 96, axis=1).repeat(3, axis=2).astype(np.uint8)
    apart = [
        np.abs(nuisance.apply(smooth, s, np.random.default_rng(1)).astype(float) - smooth).mean()
        for s in nuisance.severities
    ]
    if nuisance.name not in ("brightness", "contrast", "scale"):  # two directions of one strength
        assert (np.diff(apart) >= 0).all()


def test_noise_has_the_deviation_it_is_given() -> None:
    grey = np.full((128, 128, 3), 128, np.uint8)
    assert (noise(grey, 0.1, np.random.default_rng(0)) / 255).std() == pytest.approx(0.1, rel=0.02)


def test_brightness_adds_and_contrast_stretches_about_the_mean_grey() -> None:
    pixels = np.array([[[100, 100, 100], [140, 140, 140]]], np.uint8)
    assert brightness(pixels, 0.2, np.random.default_rng(0)).tolist() == (pixels + 51).tolist()
    assert contrast(pixels, 1.4, np.random.default_rng(0))[..., 0].tolist() == [[92, 148]]


def test_a_shift_moves_every_pixel_by_the_same_way_of_the_length_given() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[50, 50] = 255
    ways = set()
    for seed in range(40):
        [[y, x]] = np.argwhere(shift(pixels, 0.1, np.random.default_rng(seed))[..., 0])
        ways.add((y - 50, x - 50))
    assert ways == {(0, 10), (10, 0), (0, -10), (-10, 0), (7, 7), (7, -7), (-7, 7), (-7, -7)}


def test_scale_draws_a_centred_square_larger_by_its_factor() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[30:70, 30:70] = 255
    for factor in (0.8, 1.2):
        area = (scale(pixels, factor, np.random.default_rng(0))[..., 0] > 127).sum()
        assert area == pytest.approx((40 * factor) ** 2, rel=0.05)
