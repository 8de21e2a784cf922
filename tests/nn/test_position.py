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


def test_learned_positions_on_another_grid_equal_timms():
    position = Learned((4, 4), 8)
    expected = resample_abs_pos_embed(position.weight[None], [6, 3], [4, 4], num_prefix_tokens=0)
    torch.testing.assert_close(position(torch.zeros(1, 18, 8), (6, 3)), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(position(torch.zeros(1, 16, 8), (4, 4)), position.weight[None])
