"""Stems: an image becomes a row-major sequence of tokens and the grid they came from."""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.conv.convnet import ChannelNorm
from sightline.nn.conv.kernel import flat, resize_to_patch, unflat
from sightline.nn.resample import Resample

Grid = tuple[int, int]


class PatchStem(nn.Module):
    """Dosovitskiy et al. 2020: token = E patch + b, the patch flattened in (c, y, x) order.

    Equal to `Conv2d(channels, dim, patch, stride=patch)` with its weight reshaped to (dim, -1); written as one matrix
    product because a picture needs no gradient, and a CPU spends half the time on it that the convolution takes.
    `resample` says how pictures are resized where the kernel is asked for at another patch size.
    """

    def __init__(self, patch: int, dim: int, channels: int = 3, resample: Resample = "bicubic_antialias") -> None:
        super().__init__()
        self.patch, self.channels = patch, channels
        self.resample: Resample = resample
        self.proj = nn.Linear(channels * patch * patch, dim)

    def forward(self, image: Float[Tensor, "b c y x"], patch: int = 0) -> tuple[Float[Tensor, "b n d"], Grid]:
        """`patch` other than the kernel's own (0) resizes the kernel for this call (FlexiViT).

        ValueError where the sides are no multiple of the patch: pixels would be dropped silently.
        """
        p, (b, c) = patch or self.patch, image.shape[:2]
        gy, gx = _grid(image, p)
        patches = image.reshape(b, c, gy, p, gx, p).permute(0, 2, 4, 1, 3, 5).reshape(b, gy * gx, c * p * p)
        if p == self.patch:
            return self.proj(patches), (gy, gx)
        kernel = resize_to_patch(unflat(self.proj.weight, self.channels), p, self.resample)
        return F.linear(patches, flat(kernel).to(self.proj.weight.dtype), self.proj.bias), (gy, gx)


class ConvStem(nn.Module):
    """Convolutions with a channel norm and GELU between them, the last one bare (after Xiao et al. 2021,
    arXiv:2106.14881).

    Kernels equal to their strides do not overlap: each token sees its own patch only, so nothing leaks under a mask.
    Departure from the paper: a LayerNorm over channels instead of BatchNorm, so that ranks and batches do not mix.
    """

    def __init__(
        self, kernels: Sequence[int], strides: Sequence[int], widths: Sequence[int], channels: int = 3
    ) -> None:
        super().__init__()
        if not len(kernels) == len(strides) == len(widths):
            raise ValueError(
                f"a convolutional stem needs one kernel, stride and width a layer; got {kernels}, {strides}, {widths}"
            )
        self.patch, self.overlaps = 1, tuple(kernels) != tuple(strides)
        layers: list[nn.Module] = []
        last = channels
        for kernel, stride, width in zip(kernels, strides, widths, strict=True):
            if kernel < stride or (kernel - stride) % 2:
                # (kernel - stride) / 2 on both sides keeps the output exactly 1/stride of the input.
                raise ValueError(
                    f"a stem kernel of {kernel} at stride {stride} skips or shifts pixels; use stride + 0, 2, 4 ..."
                )
            if layers:
                layers += [ChannelNorm(last), nn.GELU()]
            layers.append(nn.Conv2d(last, width, kernel, stride, (kernel - stride) // 2))
            self.patch, last = self.patch * stride, width
        self.layers = nn.Sequential(*layers)

    def forward(self, image: Float[Tensor, "b c y x"]) -> tuple[Float[Tensor, "b n d"], Grid]:
        """ValueError where the sides are no multiple of the product of the strides."""
        grid = _grid(image, self.patch)
        return self.layers(image).flatten(2).transpose(1, 2), grid


def _grid(image: Tensor, patch: int) -> Grid:
    y, x = image.shape[-2:]
    if y % patch or x % patch:
        raise ValueError(
            f"an image of {y} x {x} pixels does not divide into patches of {patch}; resize it to a multiple"
        )
    return y // patch, x // patch
