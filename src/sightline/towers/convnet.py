"""The four-block convolutional network of few-shot learning (Vinyals et al. 2016, Snell et al. 2017): no shortcuts."""

from collections import OrderedDict
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.conv.convnet import ConvNorm
from sightline.protocols import Features
from sightline.towers.resnet import FlatMap, MeanMap, fast, features_of_map, numbered


class ConvBlock(nn.Sequential):
    """A 3x3 convolution, BatchNorm, ReLU, and 2x2 max-pooling.

    The convolution has no bias, which the norm would take out again.
    """

    def __init__(self, inner: int, width: int) -> None:
        layers = {"conv": ConvNorm(inner, width, 3), "relu": nn.ReLU(inplace=True), "pool": nn.MaxPool2d(2)}
        super().__init__(OrderedDict(layers))


class ConvNet(nn.Module):
    """Blocks that halve the map; the last one, of `grid` x `grid` places, is read place by place.

    `tokens` are its places, `pooled` all of them side by side: with four blocks and 28 px the one that is left.
    """

    def __init__(self, channels: int, width: int, depth: int, grid: int) -> None:
        super().__init__()
        self.maps = nn.Sequential(*(ConvBlock(width if i else channels, width) for i in range(depth)))
        self.pool = FlatMap(grid)
        self.width, self.dim = width, self.pool.dim(width)

    def forward(self, image: Float[Tensor, "b c y x"]) -> Features:
        maps = self.maps(fast(image))
        return features_of_map(maps, self.pool(maps))

    def each(self, features: Features) -> Float[Tensor, "b n d"]:
        """What the reading makes of a map that is one place everywhere, for each place."""
        return self.pool.each(features.tokens, features.grid)  # pyright: ignore[reportArgumentType]

    def layers(self, image: Float[Tensor, "b c y x"], chosen: Sequence[int]) -> list[Features]:
        """The map after each of the `chosen` blocks, in the order asked.

        Pooled by the tower's own reading after the last, by the mean after those before, whose maps it does not fit.
        """
        numbers = numbered(chosen, len(self.maps), "block")
        maps, found = fast(image), {}
        for number, block in enumerate(self.maps):
            maps = block(maps)
            if number in numbers:
                read = self.pool if number == len(self.maps) - 1 else MeanMap()
                found[number] = features_of_map(maps, read(maps))
        return [found[number] for number in numbers]
