"""VGG (Simonyan & Zisserman 2014, https://arxiv.org/abs/1409.1556): 3x3 convolutions alone, in five stages that end in
max-pooling, and AlexNet's fully connected layers; fc8 is a head. torchvision's layout, with BatchNorm its `vgg*_bn`.
"""

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from sightline.nn.noise import Dropout
from sightline.towers.alexnet import AlexNet


class VGG(AlexNet):
    """The same reading of another map: `layers` counts convolutions, `tokens` are what the last pooling leaves.

    A class of its own so that a refusal names it; nothing but the layers that are passed in differs.
    """


def maps(channels: int, widths: Sequence[int], depths: Sequence[int], norm: type[nn.BatchNorm2d] | None) -> nn.Module:
    """`depths[i]` convolutions of `widths[i]`, then pooling. ValueError where there are not as many of both."""
    if len(widths) != len(depths):
        raise ValueError(f"VGG has a width for each depth; got {len(widths)} widths and {len(depths)} depths")
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    inner, number = channels, 0
    for stage, (outer, depth) in enumerate(zip(widths, depths, strict=True), 1):
        for _ in range(depth):
            number += 1
            layers[f"conv{number}"] = nn.Conv2d(inner, outer, 3, padding=1)
            if norm is not None:
                layers[f"norm{number}"] = norm(outer)
            layers[f"relu{number}"] = nn.ReLU(inplace=True)
            inner = outer
        layers[f"pool{stage}"] = nn.MaxPool2d(2)
    return nn.Sequential(layers)


def head(inner: int, dim: int, dropout: float) -> nn.Sequential:
    """fc6 and fc7, whose dropout comes after them (torchvision's last stands before its fc8: the same)."""
    return nn.Sequential(
        OrderedDict(
            fc6=nn.Linear(inner, dim),
            relu6=nn.ReLU(inplace=True),
            drop6=Dropout(dropout),
            fc7=nn.Linear(dim, dim),
            relu7=nn.ReLU(inplace=True),
            drop7=Dropout(dropout),
        )
    )


def kaiming(tower: VGG) -> VGG:
    """torchvision's first weights, in place: He's for convolutions, N(0, 0.01) for the others, biases 0. The paper
    trained its shallow network first and grew the others from it."""
    for module in tower.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
    return tower
