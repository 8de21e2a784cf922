"""A small convolutional autoencoder of maps: a picture through a coarser map of codes and back.

What happens to the codes (nothing, noise, quantisation) is a module passed in, so one encoder and decoder serve an
autoencoder, VQ-VAE (van den Oord et al. 2017, https://arxiv.org/abs/1711.00937) and what came after it.
"""

from collections.abc import Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.conv.convnet import ConvNorm


class ConvCodec(nn.Module):
    """decoder(bottleneck(encoder(x))); each of `widths` halves the map, and a last 1x1 convolution gives `code`
    numbers a place.

    Doubling on the way back is by repetition before a convolution, as in `nn.conv.decoder`.
    """

    def __init__(self, widths: Sequence[int], code: int, bottleneck: nn.Module, channels: int = 3) -> None:
        super().__init__()
        self.code, self.stride = code, 2 ** len(widths)
        down: list[nn.Module] = []
        for inner, outer in zip([channels, *widths[:-1]], widths, strict=True):
            down += [ConvNorm(inner, outer, 3, 2), nn.ReLU(inplace=True)]
        up: list[nn.Module] = [nn.Conv2d(code, widths[-1], 1)]
        for inner, outer in zip(widths[::-1], [*widths[-2::-1], widths[0]], strict=True):
            up += [nn.Upsample(scale_factor=2), ConvNorm(inner, outer, 3), nn.ReLU(inplace=True)]
        self.encoder = nn.Sequential(*down, nn.Conv2d(widths[-1], code, 1))
        self.bottleneck: Any = bottleneck
        self.decoder = nn.Sequential(*up, nn.Conv2d(widths[0], channels, 3, padding=1))

    def encode(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b k gy gx"]:
        """The map of codes before the bottleneck. ValueError for sides that the strides do not divide."""
        y, x = image.shape[-2:]
        if y % self.stride or x % self.stride:
            raise ValueError(
                f"a picture of {y} x {x} does not halve {self.stride.bit_length() - 1} times: take "
                f"multiples of {self.stride}"
            )
        return self.encoder(image)

    def decode(self, codes: Float[Tensor, "b k gy gx"]) -> Float[Tensor, "b c y x"]:
        """The picture of a map of codes."""
        return self.decoder(codes)

    def forward(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b c y x"]:
        return self.decode(self.bottleneck(self.encode(image)))
