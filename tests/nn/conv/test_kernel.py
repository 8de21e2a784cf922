import pytest
import torch
import torch.nn.functional as F
from timm.layers import resample_patch_embed
from timm.models._manipulate import adapt_input_conv
from torch import nn

from sightline.nn.conv.kernel import adapt_channels, flat, resize_to_patch, unflat
from sightline.nn.patch import PatchStem


@pytest.mark.parametrize("patch", [5, 12, 16, 24])
@pytest.mark.parametrize(("how", "mode"), [("bicubic_antialias", "bicubic"), ("bilinear_antialias", "bilinear")])
def test_a_resized_kernel_is_timms(patch, how, mode):
    kernel = torch.randn(6, 3, 12, 12)
    expected = resample_patch_embed(kernel, [patch, patch], interpolation=mode, antialias=True)
    torch.testing.assert_close(resize_to_patch(kernel, patch, how), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("how", ["bicubic_antialias", "bilinear_antialias"])
def test_a_larger_patch_of_a_larger_picture_gives_the_same_token(how):
    stem, image = PatchStem(8, 10, resample=how), torch.randn(2, 3, 8, 8)
    mode = how.removesuffix("_antialias")
    larger = F.interpolate(image, size=(20, 20), mode=mode, antialias=True)
    torch.testing.assert_close(stem(larger, 20)[0], stem(image)[0], rtol=1e-3, atol=1e-4)


def test_a_plainly_resized_kernel_would_not():
    stem, image = PatchStem(8, 10), torch.randn(2, 3, 8, 8)
    larger = F.interpolate(image, size=(16, 16), mode="bicubic", antialias=True)
    plain = F.interpolate(unflat(stem.proj.weight, 3), size=(16, 16), mode="bicubic", antialias=True)
    tokens = F.conv2d(larger, plain, stem.proj.bias, stride=16).flatten(2).transpose(1, 2)
    assert (tokens - stem(image)[0]).abs().max() > 0.5


def test_the_kernel_learns_at_any_patch():
    stem = PatchStem(8, 4)
    stem(torch.randn(1, 3, 12, 12), 6)[0].sum().backward()
    assert stem.proj.weight.grad.abs().min() > 0


@pytest.mark.parametrize("order", ["cyx", "yxc"])
def test_flat_and_back(order):
    kernel = torch.randn(5, 3, 4, 4)
    torch.testing.assert_close(unflat(flat(kernel, order), 3, order), kernel, rtol=0, atol=0)


@pytest.mark.parametrize("order", ["cyx", "yxc"])
def test_a_flat_kernel_times_a_flat_patch_is_the_convolution(order):
    conv, image = nn.Conv2d(3, 5, 4, 4, bias=False), torch.randn(2, 3, 8, 12)
    cut = image.reshape(2, 3, 2, 4, 3, 4)
    axes = {"cyx": (0, 2, 4, 1, 3, 5), "yxc": (0, 2, 4, 3, 5, 1)}[order]
    tokens = cut.permute(axes).reshape(2, 6, 48) @ flat(conv.weight, order).T
    torch.testing.assert_close(tokens, conv(image).flatten(2).transpose(1, 2), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 4, 6, 8])
def test_kernels_for_other_channels_are_timms(channels):
    kernel = torch.randn(5, 3, 4, 4)
    torch.testing.assert_close(adapt_channels(kernel, channels), adapt_input_conv(channels, kernel))


def test_a_grey_picture_gives_the_tokens_of_its_rgb_copy():
    kernel, grey = torch.randn(5, 3, 4, 4), torch.randn(1, 1, 8, 8)
    rgb = F.conv2d(grey.expand(-1, 3, -1, -1), kernel, stride=4)
    torch.testing.assert_close(F.conv2d(grey, adapt_channels(kernel, 1), stride=4), rgb, rtol=1e-5, atol=1e-5)


def test_columns_that_are_no_squares_are_refused():
    with pytest.raises(ValueError, match="47 columns are no square patches of 3 channels"):
        unflat(torch.zeros(2, 47), 3)
