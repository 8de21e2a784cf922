"""The patch kernel as a tensor (d, c, y, x): as a linear map, at another patch size, for other channels.

Everything here takes and gives a convolution's weight; `flat` and `unflat` turn it into the weight of a linear layer.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from sightline.nn.resample import Resample, inverse, product

Order = Literal["cyx", "yxc"]
"""How a patch is laid out flat: "cyx" as a convolution reads it (ours), "yxc" in NaFlex, MAE's targets, big_vision."""

Kernel = Float[Tensor, "d c y x"]


def flat(kernel: Kernel, order: Order = "cyx") -> Float[Tensor, "d k"]:
    """The linear weight that does to flat patches what the kernel does to the picture at a stride of its size."""
    return (kernel if order == "cyx" else kernel.permute(0, 2, 3, 1)).flatten(1)


def unflat(weight: Float[Tensor, "d k"], channels: int, order: Order = "cyx") -> Kernel:
    """The inverse of `flat` for square patches. ValueError where the columns are not `channels` squares."""
    side = round((weight.shape[1] / channels) ** 0.5)
    if side * side * channels != weight.shape[1]:
        raise ValueError(f"{weight.shape[1]} columns are no square patches of {channels} channels")
    if order == "cyx":
        return weight.reshape(-1, channels, side, side)
    return weight.reshape(-1, side, side, channels).permute(0, 3, 1, 2)


def resize_to_patch(kernel: Kernel, patch: int, how: Resample = "bicubic_antialias") -> Float[Tensor, "d c p p"]:
    """FlexiViT's pseudo-inverse resize (Beyer et al. 2022, https://arxiv.org/abs/2212.08013), in float32.

    With B the matrix that resizes pictures, w* = (B^T)^+ w: a resized patch gives the token that it gave before,
    exactly where it grew, as nearly as can be where it shrank. `how` is the resize that pictures get.
    """
    rows, columns = (inverse(old, patch, how) for old in kernel.shape[2:])
    return product(kernel.permute(2, 3, 0, 1), rows, columns).permute(2, 3, 0, 1)


def adapt_channels(kernel: Kernel, channels: int) -> Float[Tensor, "d {channels} y x"]:
    """A patch kernel adapted to pictures of another number of channels.

    The rule: one from many is their sum, so a grey picture gives what its RGB copy gave. Otherwise channel i takes the
    kernel of channel i mod c, and all are scaled by c / channels, so that tokens keep their size.
    """
    given = kernel.shape[1]
    if channels == given:
        return kernel
    if channels == 1:
        return kernel.sum(1, keepdim=True)
    return kernel[:, torch.arange(channels) % given] * (given / channels)
