import math

import pytest
import torch
from transformers.models.dinov3_vit.modeling_dinov3_vit import (
    DINOv3ViTConfig,
    DINOv3ViTRopePositionEmbedding,
    apply_rotary_pos_emb,
)

from sightline.nn.attention import apply_rotary
from sightline.nn.rotary import Rotary, Warp, axial, centres, draw


def peer(**changes):
    settings = {"hidden_size": 48, "num_attention_heads": 3, "patch_size": 4, "image_size": 16} | changes
    return DINOv3ViTRopePositionEmbedding(DINOv3ViTConfig(**settings))


@pytest.mark.parametrize("grid", [(4, 4), (3, 7), (7, 3), (1, 5)])
def test_the_table_is_dinov3s(grid):
    cos, sin = peer().eval()(torch.zeros(1, 3, 4 * grid[0], 4 * grid[1]))
    ours = Rotary(16)(grid, grid[0] * grid[1], torch.device("cpu"))
    torch.testing.assert_close(ours[0], cos, rtol=0, atol=1e-6)
    torch.testing.assert_close(ours[1], sin, rtol=0, atol=1e-6)


def test_turning_is_dinov3s_and_leaves_the_prefix():
    q, k = torch.randn(2, 2, 3, 5 + 12, 16).unbind(0)
    rotate = Rotary(16)((3, 4), 12, torch.device("cpu"))
    for ours, theirs in zip(
        (apply_rotary(q, rotate), apply_rotary(k, rotate)), apply_rotary_pos_emb(q, k, *rotate), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
    torch.testing.assert_close(apply_rotary(q, rotate)[:, :, :5], q[:, :, :5], rtol=0, atol=0)


def test_only_differences_of_places_matter():
    """The product of a turned query and a turned key does not change when both move by the same step."""
    places = torch.rand(2, 2, dtype=torch.float64)
    q, k = torch.randn(2, 1, 1, 1, 16, dtype=torch.float64).unbind(0)

    def product(places):
        cos, sin = axial(places, 16)
        return (apply_rotary(q, (cos[:1], sin[:1])) * apply_rotary(k, (cos[1:], sin[1:]))).sum()

    torch.testing.assert_close(product(places), product(places + torch.tensor([0.3, -0.2])))
    assert abs(product(places) - product(places + torch.tensor([[0.3, 0.0], [0.0, 0.0]]))) > 1e-3


def test_a_warp_shifts_then_scales_each_axis():
    plain, warp = centres((2, 3)), Warp(shift=(0.1, -0.2), jitter=(2.0, 0.5), rescale=1.5)
    for (y, x), (moved_y, moved_x) in zip(plain.tolist(), centres((2, 3), warp).tolist(), strict=True):
        assert moved_y == pytest.approx((y + 0.1) * 2.0 * 1.5, abs=1e-6)
        assert moved_x == pytest.approx((x - 0.2) * 0.5 * 1.5, abs=1e-6)


def test_draws_are_dinov3s_with_the_same_numbers(monkeypatch):
    """The peer draws (shift y, x), (jitter y, x), rescale by uniform_(-a, a); we are given the numbers in [0, 1)."""
    uniform = torch.tensor([0.1, 0.9, 0.3, 0.7, 0.8])
    numbers = iter(uniform.split([2, 2, 1]))
    monkeypatch.setattr(
        torch.Tensor, "uniform_", lambda self, low, high: self.copy_(low + (high - low) * next(numbers))
    )
    module = peer(pos_embed_shift=0.3, pos_embed_jitter=1.2, pos_embed_rescale=2.0).train()
    cos, sin = module(torch.zeros(1, 3, 12, 8))
    warp = draw(uniform, shift=0.3, jitter=1.2, rescale=2.0)
    ours = Rotary(16)((3, 2), 6, torch.device("cpu"), warp)
    torch.testing.assert_close(ours[0], cos, rtol=0, atol=1e-5)
    torch.testing.assert_close(ours[1], sin, rtol=0, atol=1e-5)


def test_draws_stay_in_their_ranges():
    low, high = draw(torch.zeros(5), shift=0.3, rescale=2.0), draw(torch.ones(5), shift=0.3, rescale=2.0)
    assert (low.shift, high.shift) == ((-0.3, -0.3), (0.3, 0.3))
    assert (low.rescale, high.rescale, low.jitter) == (0.5, 2.0, (1.0, 1.0))
    assert draw(torch.full((5,), 0.5), shift=1.0, jitter=3.0, rescale=2.0) == Warp()


def test_every_sample_may_have_its_own_grid():
    rotary, grids = Rotary(8), torch.tensor([[2, 3], [1, 4], [2, 3]])
    cos, sin = rotary(grids, 6, torch.device("cpu"))
    assert cos.shape == sin.shape == (3, 1, 6, 8)
    for i, (y, x) in enumerate(grids.tolist()):
        torch.testing.assert_close(cos[i, 0, : y * x], rotary((y, x), y * x, torch.device("cpu"))[0])


def test_periods_run_from_one_to_nearly_the_base():
    cos, sin = axial(torch.tensor([[0.25, 0.0]]), 8, base=100.0)
    assert torch.atan2(sin[0, 0], cos[0, 0]) == pytest.approx(2 * math.pi * 0.25, abs=1e-6)
    assert torch.atan2(sin[0, 1], cos[0, 1]) == pytest.approx(2 * math.pi * 0.25 / 10, abs=1e-6)


def test_heads_must_be_a_multiple_of_four_wide():
    with pytest.raises(ValueError, match="multiple of 4, got 6"):
        Rotary(6)
