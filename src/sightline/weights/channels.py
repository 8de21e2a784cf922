"""An image tower's weights for pictures of another number of channels: the first kernel changes and nothing else.

One rule, `nn.kernel.at_channels`, for patches and for convolutions: grey from RGB is exact, other numbers a start to
train from.
"""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from sightline.data.prepare.preprocess import Preprocess
from sightline.nn.conv.kernel import Order, adapt_channels, flat, unflat
from sightline.towers.spec import (
    AlexNetOneTowerSpec,
    AlexNetSpec,
    ConvNetSpec,
    ConvStemSpec,
    FlexiViTSpec,
    ImageSpec,
    ModifiedResNetSpec,
    NaFlexSpec,
    ResNetSpec,
    VGGSpec,
    ViTSpec,
)


def with_channels(
    spec: ImageSpec, tensors: Mapping[str, Tensor], channels: int, part: str = "image."
) -> tuple[ImageSpec, dict[str, Tensor]]:
    """The spec and the tensors of a model for pictures of `channels` bands; `part` stands before the tower's names.

    Raises ValueError for fewer than one, KeyError where the tensors are not the spec's.
    """
    if channels < 1:
        raise ValueError(f"channels is {channels}; expected the bands of a picture, at least 1")
    name, order = _first(spec)
    given = tensors[part + name]
    if order is None:
        kernel = adapt_channels(given, channels)
    else:
        kernel = flat(adapt_channels(unflat(given, spec.channels, order), channels), order)
    return replace(spec, channels=channels), dict(tensors) | {part + name: kernel}


def rule_with_channels(rule: Preprocess, channels: int) -> Preprocess:
    """The rule for pictures of `channels` bands: band i is normalised as band i mod c was, grey as their mean."""
    if channels == rule.channels:
        return rule
    if channels == 1:
        mean, std = (sum(rule.mean) / rule.channels,), (sum(rule.std) / rule.channels,)
    else:
        mean, std = (tuple(values[i % rule.channels] for i in range(channels)) for values in (rule.mean, rule.std))
    return replace(rule, channels=channels, mean=mean, std=std)


def _first(spec: ImageSpec) -> tuple[str, Order | None]:
    """Where the kernel that reads pixels lies, and how it is laid out flat; None for a convolution."""
    match spec:
        case ResNetSpec():
            return "stem.0.weight", None
        case ModifiedResNetSpec():
            return "stem.conv1.weight", None
        case AlexNetSpec() | AlexNetOneTowerSpec() | VGGSpec():
            return "maps.conv1.weight", None
        case ConvNetSpec():
            return "maps.0.conv.0.weight", None
        case ViTSpec(stem=ConvStemSpec()):
            return "stem.layers.0.weight", None
        case ViTSpec():
            return "stem.proj.weight", "cyx"
        case FlexiViTSpec():
            return "vit.stem.proj.weight", "cyx"
        case NaFlexSpec():
            return "vit.stem.weight", "yxc"
