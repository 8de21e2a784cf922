"""From one vector back to a picture: a small map of a linear layer, doubled by convolutions. Autoencoders' half."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.conv.convnet import ConvNorm


class ConvDecoder(nn.Module):
    """linear -> `grid` x `grid` map of widths[0] -> (double, 3x3 convolution, norm, ReLU) a width -> 3x3 to `channels`.

    Pictures come out `grid * 2^len(widths)` pixels wide. Doubling by repetition before a convolution leaves no
    checkerboard, as transposed convolutions do (Odena et al. 2016, https://distill.pub/2016/deconv-checkerboard).
    """

    def __init__(self, dim: int, grid: int, widths: Sequence[int], channels: int = 3) -> None:
        super().__init__()
        self.grid, self.inner = grid, widths[0]
        self.lift = nn.Linear(dim, self.inner * grid * grid)
        layers: list[nn.Module] = [nn.BatchNorm2d(self.inner), nn.ReLU(inplace=True)]
        last = self.inner
        for width in widths:
            layers += [nn.Upsample(scale_factor=2), ConvNorm(last, width, 3), nn.ReLU(inplace=True)]
            last = width
        self.layers = nn.Sequential(*layers, nn.Conv2d(last, channels, 3, padding=1))

    def forward(self, code: Float[Tensor, "b d"]) -> Float[Tensor, "b c y x"]:
        return self.layers(self.lift(code).view(len(code), self.inner, self.grid, self.grid))
