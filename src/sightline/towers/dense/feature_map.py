"""A tower's maps in the form that torchvision's detection and segmentation models take: an OrderedDict, coarser ones
last."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.protocols import Features
from sightline.towers.alexnet import AlexNet
from sightline.towers.convnet import ConvNet
from sightline.towers.flexi import FlexiViT
from sightline.towers.naflex import NaFlex
from sightline.towers.resnet import ResNet
from sightline.towers.vit import ViT

SIDE = 64
"""pixels of the picture that a tower is shown to see what maps it makes"""
MOST = 512
"""blocks that are looked for in a tower that does not say how many it has"""


@dataclass(frozen=True)
class Level:
    """The map after one block."""

    block: int
    """as the tower's `layers` counts them"""
    width: int
    """channels"""
    stride: int
    """pixels of the picture a place of the map, down and across"""


class FeatureMap(nn.Module):
    """picture (b, c, y, x) -> OrderedDict of maps (b, widths[i], y / strides[i], x / strides[i]), named "0", "1", ...

    It serves as the `backbone` of torchvision's detection models where all maps have one width (`out_channels`), and
    as the body under torchvision's `FeaturePyramidNetwork(feature_map.widths, 256)` where they differ. Class tokens and
    registers are left out.
    """

    def __init__(self, encoder: Any, stages: Sequence[int] | None = None) -> None:
        """encoder: a tower, or an encoder as `sightline.load` gives it, whose image tower is taken.
        stages:  blocks as the tower's `layers` counts them; left out, the last one of every size of map.

        Raises ValueError for a tower without maps, and a block that it has not.
        """
        super().__init__()
        self.tower = tower_of(encoder)
        levels = levels_of(self.tower)
        if stages is None:
            chosen = last_of_each(levels)
        else:
            chosen = [levels[number] for number in _numbers(stages, len(levels))]
        self.stages = tuple(level.block for level in chosen)
        self.widths = tuple(level.width for level in chosen)
        self.strides = tuple(level.stride for level in chosen)

    @property
    def out_channels(self) -> int:
        """The width of every map. ValueError where they differ."""
        if len(set(self.widths)) > 1:
            raise ValueError(
                f"these maps are {', '.join(map(str, self.widths))} wide, and torchvision's detectors take maps of one "
                "width: put torchvision.ops.FeaturePyramidNetwork(feature_map.widths, 256) between, or take one stage"
            )
        return self.widths[0]

    def forward(self, image: Float[Tensor, "b c y x"]) -> OrderedDict[str, Tensor]:
        return maps_of(self.tower, image, self.stages)


def tower_of(encoder: Any) -> nn.Module:
    """The image tower of an encoder; a tower itself. ValueError for what gives no maps: no `layers`, or patches of
    pictures of any shape."""
    tower = getattr(getattr(encoder, "model", None), "image", encoder)
    if not hasattr(tower, "layers") or isinstance(tower, NaFlex):
        raise ValueError(
            f"a {type(tower).__name__} gives no maps of its blocks; the towers that do are ViT, FlexiViT, ResNet, "
            "AlexNet, VGG, ConvNet, and those of other packages with `layers`"
        )
    return tower


def maps_of(tower: Any, image: Float[Tensor, "b c y x"], blocks: Sequence[int]) -> OrderedDict[str, Tensor]:
    """The maps after `blocks`, named "0", "1", ... in the order asked."""
    found = tower.layers(image, list(blocks))
    return OrderedDict((str(number), map_of(features)) for number, features in enumerate(found))


def map_of(features: Features) -> Float[Tensor, "b d y x"]:
    """The tokens as a map."""
    assert isinstance(features.grid, tuple), "towers with maps have one grid for all pictures"
    return features.tokens.transpose(1, 2).unflatten(2, features.grid)


def levels_of(tower: Any, size: int = 0, channels: int = 3) -> list[Level]:
    """The map after each block of a tower, shown a black picture of `size` px (0: as small as will do)."""
    side = size or max(SIDE, getattr(tower, "smallest", 0))
    was = tower.training
    parameter = next(iter(tower.parameters()))
    image = torch.zeros(1, channels, side, side, device=parameter.device, dtype=parameter.dtype)
    try:
        tower.eval()  # a BatchNorm's statistics are not to see it
        with torch.no_grad():
            found = tower.layers(image, list(range(_count(tower, image))))
    finally:
        tower.train(was)
    return [
        Level(number, features.tokens.shape[-1], round(side / max(features.grid)))
        for number, features in enumerate(found)
    ]


def unread(tower: Any, blocks: Sequence[int], size: int = 0, channels: int = 3) -> list[nn.Parameter]:
    """The parameters that the maps after `blocks` do not depend on: later blocks, the pooling of the whole picture."""
    side = size or max(SIDE, getattr(tower, "smallest", 0))
    was = tower.training
    parameters = list(tower.parameters())
    try:
        tower.eval()
        with torch.enable_grad():
            found = maps_of(tower, torch.zeros(1, channels, side, side, device=parameters[0].device), blocks)
            total = sum((level.sum() for level in found.values()), start=parameters[0].new_zeros(()))
            given = [p for p in parameters if p.requires_grad]
            slopes = torch.autograd.grad(total, given, allow_unused=True)
    finally:
        tower.train(was)
    return [p for p, slope in zip(given, slopes, strict=True) if slope is None]


def last_of_each(levels: Sequence[Level], finest: int = 1) -> list[Level]:
    """Of every size of map the last, finest first, those finer than a stride of `finest` left out; the last map where
    nothing else is left."""
    last = {level.stride: level for level in levels}
    return [level for stride, level in sorted(last.items()) if stride >= finest] or [levels[-1]]


def _count(tower: Any, image: Tensor) -> int:
    match tower:
        case FlexiViT():
            return len(tower.vit.stack.blocks)
        case ViT():
            return len(tower.stack.blocks)
        case AlexNet():
            return tower.convolutions
        case ConvNet():
            return len(tower.maps)
        case ResNet():
            return sum(len(list(stage.children())) for stage in tower.stages)
        case _:
            return next((number for number in range(MOST) if not _there(tower, image, number)), MOST)


def _there(tower: Any, image: Tensor, block: int) -> bool:
    try:
        tower.layers(image, [block])
    except ValueError:
        return False
    return True


def _numbers(stages: Sequence[int], count: int) -> list[int]:
    if wrong := [stage for stage in stages if not -count <= stage < count]:
        raise ValueError(f"no block {wrong[0]}: the tower has {count}, numbered 0 to {count - 1}")
    if not stages:
        raise ValueError("stages is empty; name at least one block, or leave it out")
    return [stage % count for stage in stages]
