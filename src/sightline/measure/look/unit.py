"""What activates a unit most: the crops of a source with the largest values, found in one pass with bounded memory.

Zeiler and Fergus 2013 (https://arxiv.org/abs/1311.2901) and Zhou et al. 2014 (https://arxiv.org/abs/1412.6856).
"""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from sightline.towers.alexnet import AlexNet
from sightline.towers.resnet import ResNet

Box = tuple[int, int, int, int]
"""top, left, height, width in pixels"""


@dataclass(frozen=True, slots=True)
class Crop:
    """The place of a picture where a unit was largest: pixels around it, and the place itself inside them."""

    value: float
    key: str
    pixels: UInt8[np.ndarray, "y x 3"]
    place: Box


class Top:
    """The `keep` largest crops of each of the `units`; a picture gives a unit one place at most.

    Holds `keep` crops a unit whatever the number of pictures. Of equal values the earlier picture stays.
    """

    def __init__(self, units: Sequence[int], keep: int) -> None:
        self.units, self.keep, self.count = list(units), keep, 0
        self._heaps: list[list[tuple[float, int, Crop]]] = [[] for _ in self.units]

    def add(
        self, key: str, values: Float[np.ndarray, "n u"], grid: tuple[int, int], pixels: UInt8[np.ndarray, "y x 3"]
    ) -> None:
        """`values` of the chosen units at the places of one picture, row-major."""
        self.count += 1
        for heap, column in zip(self._heaps, values.T, strict=True):
            place = int(column.argmax())
            value = float(column[place])
            if not np.isfinite(value) or (len(heap) == self.keep and value <= heap[0][0]):
                continue
            box, cell = crop_box(place, grid, pixels.shape[:2])
            cut = pixels[box[0] : box[0] + box[2], box[1] : box[1] + box[3]].copy()
            crop = Crop(value, key, cut, (cell[0] - box[0], cell[1] - box[1], cell[2], cell[3]))
            entry = (value, -self.count, crop)
            (heapq.heappushpop if len(heap) == self.keep else heapq.heappush)(heap, entry)

    def crops(self) -> list[list[Crop]]:
        """For each unit the crops, largest first."""
        return [[crop for _, _, crop in sorted(heap, key=lambda e: e[:2], reverse=True)] for heap in self._heaps]


def crop_box(place: int, grid: tuple[int, int], size: Sequence[int]) -> tuple[Box, Box]:
    """The box to cut for a place, and the place's own cell, both in pixels of the picture.

    The box is as many cells a side as make a quarter of the picture, an odd number and three at least, so that the cell
    is in its middle; at a border it is moved inwards.
    """
    row, column = divmod(place, grid[1])
    box, cell = [], []
    for at, cells, pixels in ((row, grid[0], size[0]), (column, grid[1], size[1])):
        wide = min(max(3, ceil(cells / 4) | 1), cells)
        first = min(max(at - wide // 2, 0), cells - wide)
        edges = [round(i * pixels / cells) for i in (first, first + wide, at, at + 1)]
        box.append((edges[0], edges[1] - edges[0]))
        cell.append((edges[2], edges[3] - edges[2]))
    return (box[0][0], box[1][0], box[0][1], box[1][1]), (cell[0][0], cell[1][0], cell[0][1], cell[1][1])


def drawn(count: int, wanted: int, seed: int) -> list[int]:
    """`wanted` of `count` units, the same for the same seed, in order."""
    return sorted(np.random.default_rng(seed).choice(count, min(wanted, count), replace=False).tolist())


@contextmanager
def hidden(block: nn.Module) -> Iterator[list[Float[Tensor, "b n k"]]]:
    """The hidden units of a block's MLP, after the activation, of each pass of a tower inside this block of code.

    The list holds the latest pass only. For a gated MLP they are the gated products.
    """
    latest: list[Tensor] = []

    def see(_: nn.Module, args: tuple[Tensor, ...]) -> None:
        latest[:] = args

    handle = block.get_submodule("mlp.fc2").register_forward_pre_hook(see)
    try:
        yield latest
    finally:
        handle.remove()


def receptive_field(tower: nn.Module) -> int | None:
    """Pixels a side that a place of a convolutional tower's last map can see: r <- r + (kernel - 1) j, j <- j stride.

    None for other towers: each token of a transformer sees the whole picture.
    """
    if not isinstance(tower, ResNet | AlexNet):
        return None
    layers = tower.maps if isinstance(tower, AlexNet) else nn.ModuleList([tower.stem, tower.stages])
    field, jump = 1, 1
    for name, layer in layers.named_modules():
        if "downsample" in name or not isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
            continue
        kernel, stride = (v if isinstance(v, int) else int(v[0]) for v in (layer.kernel_size, layer.stride))
        field, jump = field + (kernel - 1) * jump, jump * stride
    return field
