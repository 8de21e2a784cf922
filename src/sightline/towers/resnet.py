"""ResNet (He et al. 2015): a stem, stages of residual blocks, and a reading of the last map."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.resnet import Basic, Bottleneck
from sightline.protocols import Features


class MeanMap(nn.Module):
    """The mean over the places of the last map: what there is, not where."""

    places = 1

    def forward(self, maps: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d"]:
        return maps.mean((2, 3))


class FlatMap(nn.Module):
    """All places of a `grid` x `grid` map side by side, place by place: a linear map of it knows left from right.

    A picture of another size is brought to the grid by adaptive mean pooling.
    """

    def __init__(self, grid: int) -> None:
        super().__init__()
        self.grid, self.places = grid, grid * grid

    def forward(self, maps: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d"]:
        if maps.shape[2:] != (self.grid, self.grid):
            maps = F.adaptive_avg_pool2d(maps, self.grid)
        return maps.permute(0, 2, 3, 1).flatten(1)


class ResNet(nn.Module):
    """Stages of widths `width * 2^i`; each but the first halves the map. Keys are torchvision's, `stem.*` aside.

    `dim` is the width of the pooled vector, `width` that of the tokens (the last map's places, row-major); they differ
    under a `FlatMap`.
    """

    def __init__(
        self,
        stem: nn.Module,
        block: type[Basic] | type[Bottleneck],
        depths: Sequence[int],
        width: int,
        pool: MeanMap | FlatMap | None = None,
    ) -> None:
        super().__init__()
        self.pool = MeanMap() if pool is None else pool
        self.stem = stem
        stages, inner = [], width
        for number, depth in enumerate(depths):
            outer = width * 2**number
            blocks = []
            for i in range(depth):
                blocks.append(block(inner, outer, stride=2 if number and not i else 1))
                inner = outer * block.expansion
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.width, self.dim = inner, inner * self.pool.places
        self.apply(_kaiming)

    def forward(self, image: Float[Tensor, "b c y x"]) -> Features:
        # oneDNN and cuDNN run convolutions on channels_last maps fastest; the layout of the input decides for them all.
        maps = self.stages(self.stem(image.contiguous(memory_format=torch.channels_last)))
        tokens = maps.flatten(2).transpose(1, 2)
        return Features(
            pooled=self.pool(maps),
            tokens=tokens,
            prefix=tokens[:, :0],
            grid=(maps.shape[2], maps.shape[3]),
        )


def quiet_branches(tower: ResNet) -> ResNet:
    """Zero the last gamma of every branch, so that each block starts as the identity (Goyal et al. 2017); in place."""
    for module in tower.modules():
        if isinstance(module, Basic | Bottleneck):
            nn.init.zeros_(module.last_norm.weight)
    return tower


def _kaiming(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
