import pytest
import torch
from torch import nn

from sightline.nn.head import Projection, unit, width


def test_unit_vectors_are_unit_whatever_came_in():
    x = torch.randn(5, 7)
    for dtype in (torch.bfloat16, torch.float32, torch.float64):
        u = unit(x.to(dtype))
        assert u.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
        torch.testing.assert_close(u.norm(dim=-1).float(), torch.ones(5), rtol=1e-6, atol=1e-6)


def test_a_projection_has_no_bias_and_keeps_the_scale():
    projection = Projection(256, 256)
    assert projection.bias is None
    assert 0.9 < float(projection(torch.randn(64, 256)).detach().std()) < 1.1


def test_a_tower_without_a_width_is_refused():
    with pytest.raises(TypeError, match="Identity has no `dim`"):
        width(nn.Identity())
