"""Specs of convolutional towers: ResNet, CLIP's modified one, the two AlexNets, VGG, few-shot learning's blocks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from torch import nn

from sightline.nn.conv.resnet import Basic, Bottleneck, small_stem, standard_stem
from sightline.towers import alexnet, vgg
from sightline.towers.alexnet import AlexNet
from sightline.towers.convnet import ConvNet
from sightline.towers.map_pools import GemMap, RMacMap
from sightline.towers.modified_resnet import modified_resnet
from sightline.towers.resnet import FlatMap, MeanMap, Pool, ResNet, zero_init_residual
from sightline.towers.spec.parts import Vocabulary, check_power
from sightline.towers.vgg import VGG


@dataclass(frozen=True, kw_only=True)
class SmallStem:
    """One 3x3 convolution, no pooling; stride 2 quarters the cost of everything after it."""

    stride: int = 1


@dataclass(frozen=True, kw_only=True)
class StandardStem:
    """7x7 at stride 2 and max-pooling."""


@dataclass(frozen=True, kw_only=True)
class MeanMapSpec:
    """The mean over places."""


@dataclass(frozen=True, kw_only=True)
class FlatMapSpec:
    """Every place of a `grid` x `grid` map keeps its own numbers: for scenes, where sides matter."""

    grid: int


@dataclass(frozen=True, kw_only=True)
class GemMapSpec:
    """The generalised mean over places; `p` is where its learned power starts (1 is the mean, infinity the maximum)."""

    p: float = 3.0

    def __post_init__(self) -> None:
        check_power(self.p)


@dataclass(frozen=True, kw_only=True)
class RMacMapSpec:
    """R-MAC: maxima of the square regions of `levels` sizes, each of unit length, and their sum of unit length."""

    levels: int = 3

    def __post_init__(self) -> None:
        if self.levels < 1:
            raise ValueError(f"R-MAC has regions of one size at least (3 in the papers), got levels={self.levels}")


MapPoolSpec = MeanMapSpec | FlatMapSpec | GemMapSpec | RMacMapSpec


@dataclass(frozen=True, kw_only=True)
class ResNetSpec:
    """A ResNet whose last gammas start at zero; tokens are width * 2^(stages - 1) wide, times four with bottlenecks.

    The pooled vector is as wide, but under a flat map grid^2 times as wide.
    """

    depths: tuple[int, ...]
    width: int
    block: Literal["basic", "bottleneck"] = "basic"
    stem: SmallStem | StandardStem = SmallStem()
    pool: MapPoolSpec = MeanMapSpec()
    channels: int = 3

    def build(self) -> ResNet:
        """The tower, its last gammas at zero."""
        match self.stem:
            case SmallStem(stride=stride):
                stem = small_stem(self.channels, self.width, stride)
            case StandardStem():
                stem = standard_stem(self.channels, self.width)
        block = {"basic": Basic, "bottleneck": Bottleneck}[self.block]
        return zero_init_residual(ResNet(stem, block, self.depths, self.width, _pooling(self.pool)))


@dataclass(frozen=True, kw_only=True)
class ModifiedResNetSpec:
    """CLIP's ResNet for pictures of `size`; tokens are the last map's places, 32 times `width` wide.

    The pooled vector is the attention pooling's, `out` wide: in CLIP the joint space itself. Heads of 64 in all of
    CLIP's sizes, so `heads` is half of `width`.
    """

    depths: tuple[int, ...]
    width: int
    heads: int
    out: int
    size: int
    channels: int = 3

    def build(self) -> ResNet:
        """The tower."""
        return modified_resnet(
            self.depths, self.width, size=self.size, heads=self.heads, out=self.out, channels=self.channels
        )


@dataclass(frozen=True, kw_only=True)
class AlexNetSpec:
    """AlexNet of 2012, groups and response normalisation and the paper's init; tokens are the last map's places.

    The pooled vector is fc7, `dim` wide, read from a `grid` x `grid` map: 6 for 224 px at stride 4.
    """

    widths: tuple[int, ...] = (96, 256, 384, 384, 256)
    kernels: tuple[int, ...] = (11, 5, 3, 3, 3)
    stride: int = 4
    grid: int = 6
    dim: int = 4096
    dropout: float = 0.5
    channels: int = 3

    def build(self) -> AlexNet:
        """The tower."""
        maps = alexnet.two_towers(self.channels, self.widths, self.kernels, self.stride)
        return alexnet.init_2012(_alexnet(self, maps, alexnet.head_2012))


@dataclass(frozen=True, kw_only=True)
class AlexNetOneTowerSpec:
    """AlexNet of 2014 as torchvision has it, no groups and no normalisation; everything else as in `AlexNetSpec`."""

    widths: tuple[int, ...] = (64, 192, 384, 256, 256)
    kernels: tuple[int, ...] = (11, 5, 3, 3, 3)
    stride: int = 4
    grid: int = 6
    dim: int = 4096
    dropout: float = 0.5
    channels: int = 3

    def build(self) -> AlexNet:
        """The tower."""
        maps = alexnet.one_tower(self.channels, self.widths, self.kernels, self.stride)
        return _alexnet(self, maps, alexnet.head_2014)


@dataclass(frozen=True, kw_only=True)
class VGGSpec:
    """VGG as torchvision has it, its first weights too; tokens are the last map's places. `depths` are the convolutions
    of the five stages: 1 1 2 2 2 of VGG-11, 2 2 3 3 3 of VGG-16.

    The pooled vector is fc7, `dim` wide, read from a `grid` x `grid` map: 7 for 224 px.
    """

    depths: tuple[int, ...]
    widths: tuple[int, ...] = (64, 128, 256, 512, 512)
    norm: Literal["none", "batch"] = "none"
    grid: int = 7
    dim: int = 4096
    dropout: float = 0.5
    channels: int = 3

    def build(self) -> VGG:
        """The tower. ValueError where there are not as many widths as depths."""
        maps = vgg.maps(self.channels, self.widths, self.depths, nn.BatchNorm2d if self.norm == "batch" else None)
        head = vgg.head(self.widths[-1] * self.grid**2, self.dim, self.dropout)
        smallest = 2 ** len(self.depths)
        return vgg.kaiming(VGG(maps, head, grid=self.grid, width=self.widths[-1], dim=self.dim, smallest=smallest))


@dataclass(frozen=True, kw_only=True)
class ConvNetSpec:
    """`depth` blocks of a 3x3 convolution, norm, ReLU and pooling, `width` wide, for pictures of `size`.

    The pooled vector is the whole last map: 64 for 28 px and 1600 for 84 px with the published 4 blocks of 64.
    """

    size: int
    width: int = 64
    depth: int = 4
    channels: int = 3

    @property
    def dim(self) -> int:
        """Of the pooled vector."""
        return self.width * (self.size >> self.depth) ** 2

    def fitted(self, size: int, words: Vocabulary | None) -> "ConvNetSpec":
        """For pictures of `size` px."""
        return replace(self, size=size)

    def build(self) -> ConvNet:
        """The tower. ValueError where nothing is left of so small a picture."""
        grid = self.size >> self.depth
        if grid < 1:
            raise ValueError(
                f"{self.depth} blocks halve pictures of {self.size} px to nothing; set data.size={2**self.depth} or "
                f"more, or image.depth={max(self.size, 2).bit_length() - 1}"
            )
        return ConvNet(self.channels, self.width, self.depth, grid)


ConvSpec = ResNetSpec | ModifiedResNetSpec | AlexNetSpec | AlexNetOneTowerSpec | VGGSpec | ConvNetSpec

TOWERS: dict[str, type] = {
    "resnet": ResNetSpec,
    "modified_resnet": ModifiedResNetSpec,
    "alexnet": AlexNetSpec,
    "alexnet_one_tower": AlexNetOneTowerSpec,
    "vgg": VGGSpec,
    "conv_net": ConvNetSpec,
}
PARTS: dict[str, type] = {
    "small_stem": SmallStem,
    "standard_stem": StandardStem,
    "mean_map": MeanMapSpec,
    "flat_map": FlatMapSpec,
    "gem_map": GemMapSpec,
    "rmac_map": RMacMapSpec,
}
"""The names written in files: a class may be renamed, its family not."""


def _pooling(pool: MapPoolSpec) -> Pool:
    match pool:
        case MeanMapSpec():
            return MeanMap()
        case FlatMapSpec(grid=grid):
            return FlatMap(grid)
        case GemMapSpec(p=p):
            return GemMap(p)
        case RMacMapSpec(levels=levels):
            return RMacMap(levels)


def _alexnet(
    spec: AlexNetSpec | AlexNetOneTowerSpec, maps: nn.Module, head: Callable[[int, int, float], nn.Module]
) -> AlexNet:
    width = spec.widths[-1]
    return AlexNet(
        maps,
        head(width * spec.grid**2, spec.dim, spec.dropout),
        grid=spec.grid,
        width=width,
        dim=spec.dim,
        smallest=alexnet.smallest_side(spec.kernels, spec.stride),
    )
