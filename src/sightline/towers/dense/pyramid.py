"""Pyramids of maps of one width: of the one map of a plain tower, and of the maps of one with stages."""

from collections import OrderedDict
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn


class MapNorm(nn.LayerNorm):
    """A LayerNorm over the channels of every place of a map."""

    def forward(self, input: Float[Tensor, "b c y x"]) -> Float[Tensor, "b c y x"]:
        return super().forward(input.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class SimplePyramid(nn.Module):
    """Several sizes of the last map of a plain tower (Li et al. 2022, https://arxiv.org/abs/2203.16527, section 3).

    A stride of 16 becomes 4 (two transposed convolutions), 8 (one), 16 and 32 (max-pooling); each then passes a 1x1 and
    a 3x3 convolution to `out` channels, a LayerNorm after both. As detectron2 has it: the transposed convolutions halve
    the width, a LayerNorm and a GELU stand between the two, nothing has a bias before a norm.
    """

    def __init__(self, width: int, out: int, scales: Sequence[float] = (4, 2, 1, 0.5)) -> None:
        """`scales` are how many times more places a side each map has than the given one, finest first. ValueError for
        others than 4, 2, 1 and 0.5."""
        super().__init__()
        self.out_channels = out
        self.maps = nn.ModuleList(_scaled(width, out, scale) for scale in scales)

    def forward(self, maps: OrderedDict[str, Tensor]) -> OrderedDict[str, Tensor]:
        """Of the one map in `maps`, "0", "1", ..., finest first."""
        (last,) = maps.values()
        return OrderedDict((str(number), scaled(last)) for number, scaled in enumerate(self.maps))


def _scaled(width: int, out: int, scale: float) -> nn.Sequential:
    match scale:
        case 4:
            up = nn.ConvTranspose2d(width, width // 2, 2, stride=2)
            twice = nn.ConvTranspose2d(width // 2, width // 4, 2, stride=2)
            first, inner = [up, MapNorm(width // 2), nn.GELU(), twice], width // 4
        case 2:
            first, inner = [nn.ConvTranspose2d(width, width // 2, 2, stride=2)], width // 2
        case 1:
            first, inner = [], width
        case 0.5:
            first, inner = [nn.MaxPool2d(2)], width
        case _:
            raise ValueError(f"a pyramid's scales are 4, 2, 1 and 0.5, got {scale:g}")
    point = nn.Conv2d(inner, out, 1, bias=False)
    near = nn.Conv2d(out, out, 3, padding=1, bias=False)
    return nn.Sequential(*first, point, MapNorm(out), near, MapNorm(out))
