"""Exemplar-CNN's transforms against their definition, pixel by pixel."""

import colorsys
from dataclasses import replace

import numpy as np
import pytest
import torch

from sightline.data.augment import Augment
from sightline.data.augment.draws import Draws
from sightline.data.augment.exemplar import AXES, ComponentContrast, PowerContrast
from sightline.data.augment.pictures import unpack
from sightline.data.views.exemplar import ExemplarViews
from sightline.data.views.instance import InstanceViews

B, SIDE = 3, 5


def pictures():
    stored = torch.randint(0, 256, (B, 3, SIDE, SIDE), dtype=torch.uint8)
    stored[0, :, 0, 0] = 120  # grey, which has no hue
    stored[1, :, 0, 0] = 0
    return unpack(stored, np.full((B, 2), SIDE), SIDE)


def draws():
    return Draws(1, 2, np.arange(B))


def test_s_and_v_are_raised_scaled_and_shifted_and_the_hue_stays():
    before = pictures()
    after = PowerContrast()(before, draws()).image.permute(0, 2, 3, 1)
    power = np.exp(draws().many("power", 2, np.log(0.25), np.log(4)))
    factor, shift = draws().many("factor", 2, 0.7, 1.4), draws().many("shift", 2, -0.1, 0.1)
    for row in range(B):
        for old, new in zip(before.image[row].flatten(1).T.tolist(), after[row].flatten(0, 1).tolist(), strict=True):
            hue, *both = colorsys.rgb_to_hsv(*old)
            s, v = np.clip(np.array(both) ** power[row] * factor[row] + shift[row], 0, 1)
            s = s if both[0] else 0.0
            np.testing.assert_allclose(new, colorsys.hsv_to_rgb(hue, s, v), atol=1e-5)


def test_grey_that_rounding_has_tinted_stays_grey():
    grey = pictures()
    grey.image[:] = 0.5
    tinted = replace(grey, image=grey.image + 1e-7 * torch.randn_like(grey.image))
    op = PowerContrast(shift=(0.1, 0.1))
    torch.testing.assert_close(op(tinted, draws()).image, op(grey, draws()).image, atol=1e-5, rtol=0)


def test_components_are_scaled_each_by_its_own_factor():
    before = pictures()
    before = unpack((before.image * 40 + 108).to(torch.uint8), before.size, SIDE)  # nothing is cut at 0 and 1
    after = ComponentContrast()(before, draws()).image
    axes = torch.from_numpy(AXES / np.linalg.norm(AXES, axis=1, keepdims=True)).float()
    factor = torch.from_numpy(np.exp(draws().many("factor", 3, np.log(0.5), np.log(2)))).float()
    old, new = (torch.einsum("kc,bcyx->bkyx", axes, image - 0.5) for image in (before.image, after))
    torch.testing.assert_close(new, factor[:, :, None, None] * old, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(axes @ axes.T, torch.eye(3))


def test_nothing_is_changed_by_ranges_of_one_value():
    before = pictures()
    for op in (ComponentContrast((1.0, 1.0)), PowerContrast((1.0, 1.0), (1.0, 1.0), (0.0, 0.0))):
        torch.testing.assert_close(op(before, draws()).image, before.image, atol=1e-5, rtol=0)


@pytest.mark.parametrize("views", [ExemplarViews(), ExemplarViews(flip=0.5), InstanceViews()])
def test_the_views_differ_by_step_and_not_by_call(views):
    made = Augment(views(16), size=16, mean=(0, 0, 0), std=(1, 1, 1))
    stored = torch.randint(0, 256, (B, 3, 20, 20), dtype=torch.uint8)
    batch = {"image": stored, "size": torch.full((B, 2), 20), "index": torch.arange(B)}
    one = made(batch, 0, 0)
    assert one.shape == (B, 3, 16, 16) and one.min() >= 0 and one.max() <= 1
    assert torch.equal(one, made(batch, 0, 0)) and not torch.equal(one, made(batch, 0, 1))
