import math

import pytest
import torch
from timm.layers import build_sincos2d_pos_embed, resample_abs_pos_embed

from sightline.nn.position import Learned, SinCos, sincos_mae, sincos_moco


@pytest.mark.parametrize(("table", "last"), [(sincos_mae, 2), (sincos_moco, 1)])
def test_sincos_equals_the_formula_place_by_place(table, last):
    """d = 8: omega_i = 10000^(-i/2) in MAE, 10000^(-i/1) in MoCo-v3; [sin x, cos x, sin y, cos y]."""
    codes = table((2, 3), 8)
    for y in range(2):
        for x in range(3):
            w = [10000 ** (-i / last) for i in range(2)]
            expected = [math.sin(x * i) for i in w] + [math.cos(x * i) for i in w]
            expected += [math.sin(y * i) for i in w] + [math.cos(y * i) for i in w]
            torch.testing.assert_close(codes[y * 3 + x], torch.tensor(expected), rtol=1e-5, atol=1e-6)


def test_maes_sincos_holds_timms_numbers_in_maes_order():
    """timm: (sin, cos) of (y, x); MAE: x before y, and the sine and cosine of one axis together."""
    peer = build_sincos2d_pos_embed([2, 3], dim=16).view(6, 2, 2, 4)
    torch.testing.assert_close(sincos_mae((2, 3), 16), peer.transpose(1, 2).flip(1).flatten(1), rtol=1e-5, atol=1e-6)


def test_sincos_needs_a_multiple_of_four():
    with pytest.raises(ValueError, match="multiple of 4"):
        SinCos(6)


GRIDS = [(6, 3), (3, 6), (7, 7), (2, 2), (1, 5)]


@pytest.mark.parametrize("grid", GRIDS)
def test_learned_positions_on_another_grid_equal_timms(grid):
    position = Learned((4, 4), 8)
    expected = resample_abs_pos_embed(position.weight[None], list(grid), [4, 4], num_prefix_tokens=0)
    torch.testing.assert_close(position(torch.zeros(1, grid[0] * grid[1], 8), grid), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(position(torch.zeros(1, 16, 8), (4, 4)), position.weight[None])


@pytest.mark.parametrize("grid", GRIDS)
def test_bicubic_positions_are_transformers_dinov2s(grid):
    from transformers.models.dinov2.modeling_dinov2 import Dinov2Config, Dinov2Embeddings

    peer = Dinov2Embeddings(Dinov2Config(hidden_size=8, num_attention_heads=2, image_size=16, patch_size=4))
    torch.nn.init.normal_(peer.position_embeddings)
    position = Learned((4, 4), 8, "bicubic")
    position.weight.data = peer.position_embeddings[0, 1:].data
    tokens = torch.zeros(1, 1 + grid[0] * grid[1], 8)
    expected = peer.interpolate_pos_encoding(tokens, 4 * grid[0], 4 * grid[1])[:, 1:]
    torch.testing.assert_close(position(tokens[:, 1:], grid), expected, rtol=1e-5, atol=1e-5)


def test_bilinear_positions_of_each_sample_are_transformers_siglip2s():
    from transformers.models.siglip2.modeling_siglip2 import Siglip2VisionEmbeddings

    position, shapes = Learned((4, 4), 8, "bilinear_antialias"), torch.tensor([*GRIDS, (3, 6)])
    torch.nn.init.normal_(position.weight)
    theirs = Siglip2VisionEmbeddings.resize_positional_embeddings(position.weight.view(4, 4, 8), shapes, 50)
    ours = position(torch.zeros(len(shapes), 50, 8), shapes)
    for mine, peer, (y, x) in zip(ours, theirs, shapes.tolist(), strict=True):
        torch.testing.assert_close(mine[: y * x], peer[: y * x], rtol=1e-5, atol=1e-5)
        assert not mine[y * x :].any()


@pytest.mark.parametrize("how", ["bicubic_antialias", "bicubic", "bilinear_antialias"])
def test_height_is_height(how):
    """Positions that only depend on the row still do so on a grid that is not square, whichever side is longer."""
    position = Learned((3, 5), 2, how)
    position.weight.data = torch.arange(3.0).repeat_interleave(5)[:, None].expand(-1, 2).clone()
    for y, x in [(6, 4), (4, 9)]:
        resized = position.at((y, x)).view(y, x, 2)
        torch.testing.assert_close(resized, resized[:, :1].expand(-1, x, -1), rtol=0, atol=1e-5)
        assert (resized[1:, 0] > resized[:-1, 0]).all()


def test_positions_learn_through_the_resize():
    position = Learned((4, 4), 8)
    position(torch.zeros(1, 18, 8), (6, 3)).square().sum().backward()
    assert position.weight.grad.abs().min() > 0


def test_autocast_leaves_the_resize_in_float32():
    position = Learned((4, 4), 8)
    with torch.autocast("cpu", torch.bfloat16):
        resized = position.at((6, 3))
    torch.testing.assert_close(resized, position.at((6, 3)), rtol=0, atol=0)


def test_fixed_positions_take_a_grid_a_sample():
    position, shapes = SinCos(8), torch.tensor([[2, 3], [3, 1]])
    codes = position(torch.zeros(2, 6, 8), shapes)
    torch.testing.assert_close(codes[1, :3], sincos_moco((3, 1), 8))


def test_a_grid_larger_than_the_batch_is_refused():
    with pytest.raises(ValueError, match="between 1 and 5 places"):
        SinCos(8)(torch.zeros(1, 5, 8), torch.tensor([[2, 3]]))
