"""AlexNet (Krizhevsky, Sutskever, Hinton 2012): five convolutions, two fully connected layers of 4096; fc8 is a head.

Two networks carry the name. `two_towers` is the paper's: conv2, conv4 and conv5 see half of the channels each (two GPUs
then, two groups now), and conv1 and conv2 are followed by local response normalisation. `one_tower` is the variant of
https://arxiv.org/abs/1404.5997 without either; torchvision's `alexnet` is that one.
Departures from the paper: conv1 pads by 2 where the paper's 224 do not come out (its figures need 227), as torchvision.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.noise import Dropout
from sightline.protocols import Features
from sightline.towers.resnet import fast, features_of_map, numbered

PADDING = 2
"""of conv1, whatever its kernel: 224 pixels then give the paper's 55 places"""


class AlexNet(nn.Module):
    """Maps, then fully connected layers that read a `grid` x `grid` map flattened in (c, y, x) order.

    `tokens` are the places of the last map (after the last max-pooling), `pooled` is fc7 after its ReLU. A picture of
    another size gives another number of tokens; for the fully connected layers its map is brought to the grid by
    adaptive mean pooling, as in torchvision (the paper's own network takes one size only).
    """

    def __init__(self, maps: nn.Module, head: nn.Module, *, grid: int, width: int, dim: int, smallest: int) -> None:
        """`smallest` is the side of a picture of which one place is left; smaller ones are refused."""
        super().__init__()
        self.maps, self.head = maps, head
        self.grid, self.width, self.dim, self.smallest = grid, width, dim, smallest

    def forward(self, image: Float[Tensor, "b c y x"]) -> Features:
        """The last map and the last layer's vector.

        ValueError where a picture is too small for a single place to be left of it.
        """
        maps = self.maps(self._checked(image))
        whole = maps if maps.shape[2:] == (self.grid, self.grid) else F.adaptive_avg_pool2d(maps, self.grid)
        return features_of_map(maps, self.head(whole.flatten(1)))

    def each(self, features: Features) -> Float[Tensor, "b n d"]:
        """What the fully connected layers make of a map that is one place everywhere, for each place."""
        b, n, c = features.tokens.shape
        places = features.tokens.reshape(b * n, c, 1, 1).expand(-1, -1, self.grid, self.grid)
        return self.head(places.flatten(1)).unflatten(0, (b, n))

    @property
    def convolutions(self) -> int:
        """How many there are, each with its ReLU."""
        return sum(name.startswith("relu") for name, _ in self.maps.named_children())

    def layers(self, image: Float[Tensor, "b c y x"], chosen: Sequence[int]) -> list[Features]:
        """The map after the ReLU of each of the `chosen` convolutions, from 0, in the order asked, and its mean."""
        numbers = numbered(chosen, self.convolutions, "convolution")
        maps, found = self._checked(image), {}
        for name, layer in self.maps.named_children():
            maps = layer(maps)
            if name.startswith("relu"):
                found[int(name.removeprefix("relu")) - 1] = features_of_map(maps, maps.mean((2, 3)))
        return [found[number] for number in numbers]

    def _checked(self, image: Tensor) -> Tensor:
        if min(image.shape[-2:]) < self.smallest:
            y, x = image.shape[-2:]
            raise ValueError(
                f"this {type(self).__name__} leaves no place of a picture of {y} x {x} pixels; its sides must be at "
                f"least {self.smallest}"
            )
        return fast(image)


def two_towers(channels: int, widths: Sequence[int], kernels: Sequence[int], stride: int) -> nn.Sequential:
    """2012: conv1 LRN pool, conv2 LRN pool, conv3, conv4, conv5 pool; conv2, conv4, conv5 in two groups."""
    return _maps(channels, widths, kernels, stride, groups=(1, 2, 1, 2, 2), norm=response_norm)


def one_tower(channels: int, widths: Sequence[int], kernels: Sequence[int], stride: int) -> nn.Sequential:
    """2014: one group everywhere and no normalisation."""
    return _maps(channels, widths, kernels, stride, groups=(1, 1, 1, 1, 1), norm=None)


def smallest_side(kernels: Sequence[int], stride: int) -> int:
    """The side of a picture whose last map has one place: 1 <- 3 <- 7 <- 15 through the pools, then conv1."""
    return 14 * stride + kernels[0] - 2 * PADDING


def response_norm() -> nn.LocalResponseNorm:
    """b_i = a_i / (2 + 1e-4 sum_{j within 2 of i} a_j^2)^0.75, section 3.3.

    PyTorch divides alpha by the n = 5 channels of the sum; the paper does not.
    """
    return nn.LocalResponseNorm(size=5, alpha=5 * 1e-4, beta=0.75, k=2.0)


def head_2012(inner: int, dim: int, dropout: float) -> nn.Sequential:
    """Dropout on what fc6 and fc7 give, section 4.2; so in training half of `pooled` is zero."""
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


def head_2014(inner: int, dim: int, dropout: float) -> nn.Sequential:
    """torchvision's: dropout on what fc6 and fc7 read."""
    return nn.Sequential(
        OrderedDict(
            drop5=Dropout(dropout),
            fc6=nn.Linear(inner, dim),
            relu6=nn.ReLU(inplace=True),
            drop6=Dropout(dropout),
            fc7=nn.Linear(dim, dim),
            relu7=nn.ReLU(inplace=True),
        )
    )


@torch.no_grad()
def init_2012(tower: AlexNet) -> AlexNet:
    """Section 5, in place: weights N(0, 0.01), biases 1 in conv2, conv4, conv5, fc6, fc7 and 0 in the others.

    The ones keep ReLUs alive at the paper's learning rate of 0.01.
    """
    for name, module in tower.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            assert module.bias is not None
            nn.init.normal_(module.weight, std=0.01)
            nn.init.constant_(module.bias, float(name.rsplit(".")[-1] in {"conv2", "conv4", "conv5", "fc6", "fc7"}))
    return tower


def _maps(
    channels: int,
    widths: Sequence[int],
    kernels: Sequence[int],
    stride: int,
    groups: Sequence[int],
    norm: Callable[[], nn.Module] | None,
) -> nn.Sequential:
    if not len(widths) == len(kernels) == len(groups):
        raise ValueError(f"AlexNet has five convolutions; got {len(widths)} widths and {len(kernels)} kernels")
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    inner = channels
    for number, (outer, kernel, group) in enumerate(zip(widths, kernels, groups, strict=True), 1):
        step, padding = (stride, PADDING) if number == 1 else (1, kernel // 2)
        layers[f"conv{number}"] = nn.Conv2d(inner, outer, kernel, step, padding, groups=group)
        layers[f"relu{number}"] = nn.ReLU(inplace=True)
        if norm and number in {1, 2}:
            layers[f"norm{number}"] = norm()
        if number in {1, 2, 5}:
            layers[f"pool{number}"] = nn.MaxPool2d(3, stride=2)
        inner = outer
    return nn.Sequential(layers)
