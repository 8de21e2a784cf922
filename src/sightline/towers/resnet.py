"""ResNet (He et al. 2015): a stem, stages of residual blocks, and a reading of the last map."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.conv.resnet import Basic, Bottleneck, SmoothBottleneck
from sightline.nn.patch import Grid
from sightline.protocols import Features


@runtime_checkable
class Pool(Protocol):
    """What makes one vector of the last map, and says how wide it is."""

    def dim(self, width: int) -> int:
        """The width of what it returns for a map of `width` channels."""
        ...

    def __call__(self, maps: Float[Tensor, "b c y x"], /) -> Float[Tensor, "b d"]: ...
    def each(self, tokens: Float[Tensor, "b n c"], grid: Grid) -> Float[Tensor, "b n d"]:
        """What it makes of a map that is one place everywhere, for each place, row-major."""
        ...


class MeanMap(nn.Module):
    """The mean over the places of the last map: what there is, not where."""

    def dim(self, width: int) -> int:
        """As of `Pool`: `width` itself."""
        return width

    def forward(self, maps: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d"]:
        return maps.mean((2, 3))

    def each(self, tokens: Float[Tensor, "b n c"], grid: Grid) -> Float[Tensor, "b n c"]:
        """The places themselves."""
        return tokens


class FlatMap(nn.Module):
    """All places of a `grid` x `grid` map side by side, place by place: a linear map of it knows left from right.

    A picture of another size is brought to the grid by adaptive mean pooling.
    """

    def __init__(self, grid: int) -> None:
        super().__init__()
        self.grid = grid

    def dim(self, width: int) -> int:
        """As of `Pool`: `width` for each cell of the grid."""
        return width * self.grid**2

    def forward(self, maps: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d"]:
        if maps.shape[2:] != (self.grid, self.grid):
            maps = F.adaptive_avg_pool2d(maps, self.grid)
        return maps.permute(0, 2, 3, 1).flatten(1)

    def each(self, tokens: Float[Tensor, "b n c"], grid: Grid) -> Float[Tensor, "b n d"]:
        """A place in every cell."""
        return tokens.repeat(1, 1, self.grid**2)


class ResNet(nn.Module):
    """Stages of widths `width * 2^i`; each but the first halves the map. Keys are torchvision's, `stem.*` aside.

    `dim` is the width of the pooled vector, `width` that of the tokens (the last map's places, row-major); they differ
    under a `FlatMap` and under CLIP's attention pooling.
    """

    def __init__(
        self,
        stem: nn.Module,
        block: type[Basic] | type[Bottleneck] | type[SmoothBottleneck],
        depths: Sequence[int],
        width: int,
        pool: Pool | None = None,
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
        self.width, self.dim = inner, self.pool.dim(inner)
        self.apply(_kaiming)

    def forward(self, image: Float[Tensor, "b c y x"]) -> Features:
        maps = self.stages(self.stem(fast(image)))
        return features_of_map(maps, self.pool(maps))

    def each(self, features: Features) -> Float[Tensor, "b n d"]:
        """What the pool makes of a picture that is one place everywhere, for each place."""
        return self.pool.each(features.tokens, features.grid)  # pyright: ignore[reportArgumentType]

    def layers(self, image: Float[Tensor, "b c y x"], chosen: Sequence[int]) -> list[Features]:
        """The map after each of the `chosen` residual blocks, numbered through all stages, in the order asked.

        Pooled by the tower's own reading in the last stage, by the mean in those before, whose maps it does not fit.
        """
        blocks = [(stage, block) for stage, blocks in enumerate(self.stages) for block in blocks.children()]
        numbers = numbered(chosen, len(blocks), "block")
        maps, found = self.stem(fast(image)), {}
        for number, (stage, block) in enumerate(blocks[: max(numbers, default=-1) + 1]):
            maps = block(maps)
            if number in numbers:
                read = self.pool if stage == len(self.stages) - 1 else MeanMap()
                found[number] = features_of_map(maps, read(maps))
        return [found[number] for number in numbers]


def fast(image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b c y x"]:
    """oneDNN and cuDNN run convolutions on channels_last maps fastest; the layout of the input decides for them all."""
    return image.contiguous(memory_format=torch.channels_last)


def features_of_map(maps: Float[Tensor, "b c y x"], pooled: Float[Tensor, "b d"]) -> Features:
    """The places of a map as tokens, row-major."""
    tokens = maps.flatten(2).transpose(1, 2)
    return Features(pooled=pooled, tokens=tokens, prefix=tokens[:, :0], grid=(maps.shape[2], maps.shape[3]))


def numbered(chosen: Sequence[int], count: int, what: str) -> list[int]:
    """`chosen` counted from the front; ValueError for one that is not there."""
    for number in chosen:
        if not -count <= number < count:
            raise ValueError(f"no {what} {number}: the tower has {count}, numbered 0 to {count - 1}")
    return [number % count for number in chosen]


def zero_init_residual(tower: ResNet) -> ResNet:
    """Zero the last gamma of every branch, so that each block starts as the identity (Goyal et al. 2017); in place."""
    for module in tower.modules():
        if isinstance(module, Basic | Bottleneck | SmoothBottleneck):
            nn.init.zeros_(module.last_norm.weight)
    return tower


def _kaiming(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
