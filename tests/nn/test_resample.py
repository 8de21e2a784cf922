import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sightline.nn.resample import inverse, matrix, resize

PEERS = {
    "bicubic_antialias": {"mode": "bicubic", "antialias": True},
    "bicubic": {"mode": "bicubic"},
    "bilinear_antialias": {"mode": "bilinear", "antialias": True},
}


@pytest.mark.parametrize("size", [(4, 7), (9, 3), (5, 5), (1, 2), (16, 40)])
@pytest.mark.parametrize("how", PEERS)
def test_resizing_is_torchs(how, size):
    maps = torch.randn(5, 7, 3)
    expected = F.interpolate(maps.permute(2, 0, 1)[None], size=size, **PEERS[how])[0].permute(1, 2, 0)
    torch.testing.assert_close(resize(maps, size, how), expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("how", PEERS)
def test_one_column_is_resized_as_one_row_is(how):
    """torch's own antialiased kernels repeat the first row where the result is one pixel wide; transposed they work."""
    maps = torch.randn(5, 7, 3)
    expected = F.interpolate(maps.permute(2, 1, 0)[None], size=(1, 4), **PEERS[how])[0].permute(2, 1, 0)
    torch.testing.assert_close(resize(maps, (4, 1), how), expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("how", PEERS)
def test_a_constant_stays_constant(how):
    np.testing.assert_allclose(matrix(7, 3, how).sum(1), 1, atol=1e-12)


@pytest.mark.parametrize("how", PEERS)
def test_the_inverse_undoes_a_growth(how):
    np.testing.assert_allclose(inverse(5, 9, how).T @ matrix(5, 9, how), np.eye(5), atol=1e-9)
