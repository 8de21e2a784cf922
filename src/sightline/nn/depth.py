"""How deep in its tower a parameter lies: rates that fall towards the pixels, and the first parts held as they are.

Counted from the pixels, by the names that our towers give their parts:

    transformer   0 what lies before the blocks (stem, position, class token, registers), i + 1 block i
    ResNet        0 the stem, then its residual blocks through all stages
    AlexNet, VGG  convolutions from 0, each with its norm
    ConvNet       its blocks from 0

and one more for what comes after: fully connected layers, poolings that learn, and the head. The last norm of a
transformer belongs to its last block. So every parameter has the layer that timm's `param_groups_layer_decay` gives it
(but a BatchNorm of a VGG, which timm counts as a layer of its own).
"""

import re
from collections.abc import Iterator

from torch import nn

from sightline.nn.state.lock import lock

BEFORE = re.compile(r"^(?:vit\.)?(?:stem|position|prefix|entry)(?:\.|$)")
"""what lies before the first block (towers/vit.py; a FlexiViT or NaFlex has its ViT inside)"""
LAYERS = (
    re.compile(r"(?:^|\.)blocks\.(\d+)\."),
    re.compile(r"^stages\.(\d+)\.(\d+)\."),
    re.compile(r"^maps\.(?:conv|norm)(\d+)\."),
    re.compile(r"^maps\.(\d+)\."),
)
LAST_NORM = re.compile(r"(?:^|\.)stack\.norm\.")

Place = tuple[int, ...]
"""(-1,) before the first layer; (block,), (stage, block) or (convolution,)"""


def layers_of(tower: nn.Module) -> dict[str, int]:
    """{parameter's name: its layer}, from 0; the largest number is that of what comes after the layers, and of a head.

    ValueError for a tower without layers that can be counted.
    """
    places = {name: _place(name) for name, _ in tower.named_parameters()}
    counted = sorted({place for place in places.values() if place is not None})
    if not any(place != (-1,) for place in counted):
        raise ValueError(
            f"{type(tower).__name__} has no blocks, stages or convolutions by which layers could be counted"
        )
    number = {place: layer for layer, place in enumerate(counted)}
    found = {name: len(counted) if place is None else number[place] for name, place in places.items()}
    return {name: number[counted[-1]] if LAST_NORM.search(name) else layer for name, layer in found.items()}


def layer_rates(tower: nn.Module, gamma: float, path: str = "") -> dict[str, float]:
    """Multiples of the rate that fall with the distance from the output, for `rates()` of a method that fine-tunes:

        gamma ^ (L - l),  l the parameter's layer and L that of the head

    (Bao et al. 2021, BEiT, https://arxiv.org/abs/2106.08254, appendix; MAE's fine-tuning: gamma .65 for ViT-B, .75 for
    ViT-L). Returns {path + parameter's name: multiple} of every parameter of `tower`, `path` being where the tower lies
    in the method ("image."). ValueError for gamma outside (0, 1], or a tower without layers.
    """
    if not 0 < gamma <= 1:
        raise ValueError(
            f"the rate falls by gamma a layer, above 0 and at most 1; got {gamma}. Papers take 0.65 to 0.9"
        )
    layers = layers_of(tower)
    last = head_layer(layers)
    return {f"{path}{name}": gamma ** (last - layer) for name, layer in layers.items()}


def head_layer(layers: dict[str, int]) -> int:
    """The layer of what comes after all counted ones, whether the tower itself has anything there or not."""
    counted = {layer for name, layer in layers.items() if _place(name) is not None}
    return max(counted) + 1


def hold_first(tower: nn.Module, count: int) -> nn.Module:
    """The first `count` blocks of a transformer or ConvNet, stages of a ResNet, convolutions of an AlexNet or VGG, and
    what lies before them, locked (`nn.state.lock`): no gradients, evaluation mode for good. In place; 0 locks nothing.

    ValueError for more than there are.
    """
    if count < 0:
        raise ValueError(f"{count} first parts to hold; expected 0 (none) or more")
    if not count:
        return tower
    there = max((_part(place) for name, _ in tower.named_parameters() if (place := _place(name))), default=0)
    if count > there:
        raise ValueError(
            f"{type(tower).__name__} has {there} blocks, stages or convolutions, and {count} are to be held: hold "
            f"{there} at most; what comes after them then learns with the head"
        )
    for _, parameter in _held(tower.named_parameters(), count):
        parameter.requires_grad_(False)
    for _, module in _held(((f"{name}.", module) for name, module in tower.named_modules() if name), count):
        lock(module)
    return tower


def _held(named: Iterator[tuple[str, nn.Parameter]] | Iterator[tuple[str, nn.Module]], count: int) -> Iterator:
    return ((name, one) for name, one in named if (place := _place(name)) is not None and _part(place) <= count)


def _part(place: Place) -> int:
    """The block, stage or convolution from 1; 0 for what lies before them."""
    return place[0] + 1


def _place(name: str) -> Place | None:
    """Where a parameter or module lies, by its name; None for what comes after the layers."""
    if BEFORE.match(name):
        return (-1,)
    for number, pattern in enumerate(LAYERS):
        if found := pattern.search(name):
            place = tuple(map(int, found.groups()))
            return (place[0] - 1,) if number == 2 else place  # convolutions are numbered from 1
    return None
