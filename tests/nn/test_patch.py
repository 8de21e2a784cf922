import pytest
import torch
from torch import nn

from sightline.nn.patch import ConvStem, PatchStem


def test_the_patch_stem_equals_a_strided_convolution():
    stem, conv = PatchStem(4, 10), nn.Conv2d(3, 10, 4, stride=4)
    stem.proj.weight.data = conv.weight.data.reshape(10, -1)
    stem.proj.bias.data = conv.bias.data
    image = torch.randn(2, 3, 8, 12)
    tokens, grid = stem(image)
    assert grid == (2, 3)
    torch.testing.assert_close(tokens, conv(image).flatten(2).transpose(1, 2), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("stem", [PatchStem(4, 8), ConvStem((2, 2), (2, 2), (6, 8))], ids=["patch", "conv"])
def test_without_overlap_a_token_sees_its_own_patch_only(stem):
    image = torch.randn(1, 3, 8, 8)
    before, _ = stem(image)
    image[:, :, 0:4, 4:8] += 1  # the second patch of the first row
    after, _ = stem(image)
    changed = (before - after).abs().amax(-1)[0] > 1e-6
    assert changed.tolist() == [False, True, False, False]


def test_an_overlapping_stem_keeps_the_grid():
    tokens, grid = ConvStem((4, 4), (2, 2), (6, 8))(torch.randn(2, 3, 16, 8))
    assert tokens.shape == (2, 8, 8) and grid == (4, 2)


@pytest.mark.parametrize("stem", [PatchStem(4, 8), ConvStem((2, 2), (2, 2), (6, 8))], ids=["patch", "conv"])
def test_pixels_are_never_dropped_silently(stem):
    with pytest.raises(ValueError, match="does not divide into patches of 4"):
        stem(torch.randn(1, 3, 8, 10))


def test_a_conv_stem_refuses_sizes_that_do_not_fit():
    with pytest.raises(ValueError, match="one kernel"):
        ConvStem((4,), (2, 2), (6, 8))
    with pytest.raises(ValueError, match="skips or shifts"):
        ConvStem((3,), (2,), (8,))
