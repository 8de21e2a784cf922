import numpy as np
import torch

from sightline.data.augment import Erase, Stroke
from sightline.data.augment.draws import Draws
from sightline.data.augment.pictures import unpack


def disc(n=4, side=24):
    y, x = np.mgrid[:side, :side]
    alpha = ((y - 12) ** 2 + (x - 12) ** 2 < 40).astype(np.uint8) * 255
    rgba = np.zeros((n, 4, side, side), np.uint8)
    rgba[:, 3] = alpha
    rgba[:, 0] = 200 * (alpha > 0)
    return unpack(torch.from_numpy(rgba), np.full((n, 2), side), side)


def draws(n=4):
    return Draws(0, 1, np.arange(n))


def ink(pictures):
    return pictures.alpha.sum((1, 2))


def test_lines_get_thicker_and_thinner_within_one_pixel():
    before = disc()
    thick = Stroke(p=1, thick=1.0, thin=-0.999)(before, draws())
    thin = Stroke(p=1, thick=-0.5, thin=0.7)(before, draws())
    assert (ink(thick) > ink(before)).all() and (ink(thin) < ink(before)).all()
    assert thick.alpha.max() <= 1 and thin.alpha.min() >= 0
    # premultiplied colour never exceeds its coverage, and keeps its hue
    for pictures in (thick, thin):
        image = pictures.image
        assert (image[:, :3] <= image[:, 3:] + 1e-6).all()
        solid = image[:, 3] > 0.5
        torch.testing.assert_close((image[:, 0] / image[:, 3])[solid], torch.full_like(image[:, 0][solid], 200 / 255))


def test_probability_zero_and_opaque_pictures_change_nothing():
    before = disc()
    assert torch.equal(Stroke(p=0)(before, draws()).image, before.image)
    opaque = unpack(torch.full((2, 4, 8, 8), 255, dtype=torch.uint8), np.full((2, 2), 8), 8)
    assert torch.equal(Stroke(p=1)(opaque, draws(2)).image, opaque.image)


def test_an_erased_rectangle_has_the_size_asked_for():
    white = unpack(torch.full((64, 3, 40, 40), 255, dtype=torch.uint8), np.full((64, 2), 40), 40)
    after = Erase(p=1, share=(0.25, 0.25))(white, draws(64)).image[:, 0]
    holes = (after == 0).sum((1, 2))
    assert holes.max() == 100 and (holes > 0).all()
    untouched = Erase(p=0)(white, draws(64)).image
    assert torch.equal(untouched, white.image)
