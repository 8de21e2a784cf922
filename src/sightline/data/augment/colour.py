"""Colour operations on float RGB in [0, 1], one parameter a picture; each equals torchvision's of the same name."""

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from sightline.data.augment.resample import resample

Images = Float[Tensor, "b 3 y x"]
Factor = Float[Tensor, " b"]


def adjust_brightness(images: Images, factor: Factor) -> Images:
    """Times `factor` >= 0: 0 is black, 1 changes nothing."""
    return (images * _each(factor)).clamp_(0, 1)


def adjust_contrast(images: Images, factor: Factor) -> Images:
    """Away from (`factor` > 1) or towards the mean grey of the picture."""
    return _blend(images, _luma(images).mean((1, 2, 3), keepdim=True), factor)


def adjust_saturation(images: Images, factor: Factor) -> Images:
    """Away from (`factor` > 1) or towards the grey of each pixel."""
    return _blend(images, _luma(images), factor)


def adjust_hue(images: Images, shift: Factor) -> Images:
    """Hue turned by `shift` in [-0.5, 0.5] of the circle; value and saturation stay (Smith 1978, HSV)."""
    red, green, blue = images.unbind(1)
    value = torch.maximum(torch.maximum(red, green), blue)
    chroma = value - torch.minimum(torch.minimum(red, green), blue)
    safe = chroma.clamp(min=torch.finfo(chroma.dtype).tiny)
    # the hue in sixths of the circle; of equal largest channels red goes before green before blue
    sixth = torch.where(
        value == red,
        (green - blue) / safe,
        torch.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    sixth += 6 * shift[:, None, None]
    # each channel falls from the value by the chroma over a trapezoid of the hue: 5 red, 3 green, 1 blue
    planes = []
    for origin in (5, 3, 1):
        away = sixth + origin
        away -= 6 * (away * (1 / 6)).floor_()  # three times faster than remainder
        planes.append(value - chroma * torch.minimum(away, 4 - away).clamp_(0, 1))
    return torch.stack(planes, 1)


def rgb_to_grayscale(images: Images) -> Images:
    """Luma (ITU-R BT.601) in all three channels."""
    return _luma(images).expand_as(images)


def solarize(images: Images, threshold: Factor) -> Images:
    """Values from `threshold` on inverted."""
    return torch.where(images >= _each(threshold), 1 - images, images)


def invert(images: Images) -> Images:
    """1 - x."""
    return 1 - images


def gaussian_blur(images: Float[Tensor, "b c y x"], kernel_size: int, sigma: Factor) -> Float[Tensor, "b c y x"]:
    """A Gaussian of `sigma` pixels cut to `kernel_size` (odd), edges mirrored: two matrix products a picture."""
    if kernel_size % 2 == 0 or kernel_size // 2 >= min(images.shape[2:]):
        raise ValueError(
            f"a blur of {kernel_size} pixels needs an odd size under twice the picture's {images.shape[2:]}"
        )
    distance = torch.arange(kernel_size, device=images.device) - kernel_size // 2
    weights = torch.softmax(-0.5 * (distance / sigma[:, None]).square(), 1)
    rows, columns = (
        (weights @ _mirrored(kernel_size, size).to(images.device).flatten(1)).view(-1, size, size)
        for size in images.shape[2:]
    )
    return resample(images, rows, columns)


@lru_cache(maxsize=16)
def _mirrored(kernel_size: int, size: int) -> Float[Tensor, "k s s"]:
    """For each tap of a filter, the matrix that moves a line of `size` pixels by it, mirroring at the ends."""
    at = torch.arange(size) + torch.arange(kernel_size)[:, None] - kernel_size // 2
    at = (size - 1) - (at.abs() - (size - 1)).abs()
    return torch.nn.functional.one_hot(at, size).float()


def _luma(images: Images) -> Float[Tensor, "b 1 y x"]:
    red, green, blue = images.split(1, 1)
    return (0.2989 * red).add_(green, alpha=0.587).add_(blue, alpha=0.114)


def _blend(images: Images, other: Float[Tensor, "b 1 #y #x"], factor: Factor) -> Images:
    return torch.lerp(other, images, _each(factor)).clamp_(0, 1)


def _each(factor: Factor) -> Float[Tensor, "b 1 1 1"]:
    return factor[:, None, None, None].to(torch.float32)
