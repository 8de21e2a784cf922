"""How much of each picture is masked: ratios, shares, exact counts."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sightline.data.augment.draws import Draws

Ratio = float | tuple[float, float]
"""A number masks exactly int(ratio * patches) of every picture; a pair is drawn from uniformly for each picture."""


@dataclass(frozen=True)
class Amount:
    """What every kind of mask has to say. ValueError for amounts that no mask can have."""

    ratio: Ratio = (0.1, 0.5)
    share: float = 1.0
    """part of the pictures that are masked at all"""
    views: int = 1
    """how many of the first views get masks"""

    def __post_init__(self) -> None:
        kind = type(self).__name__
        low, high = self.ratio if isinstance(self.ratio, tuple) else (self.ratio, self.ratio)
        if not 0 < low <= high < 1:
            raise ValueError(f"{kind}.ratio is {self.ratio}; expected a number, or a pair low <= high, between 0 and 1")
        if not 0 < self.share <= 1:
            raise ValueError(f"{kind}.share is {self.share}; expected the part of the pictures to mask, in (0, 1]")
        if self.views < 1:
            raise ValueError(f"{kind}.views is {self.views}; at least the first view is masked, or leave the masks out")


def check_grid(pictures: Float[Tensor, "b c y x"], grid: tuple[int, int]) -> None:
    """Raise ValueError unless the pictures are whole numbers of patches, at least 2 of them."""
    (y, x), (gy, gx) = pictures.shape[2:], grid
    if gy < 1 or gx < 1 or gy * gx < 2 or y % gy or x % gx:
        raise ValueError(
            f"pictures of {y} x {x} cannot be cut into a grid of {gy} x {gx}; both sides must be multiples of the "
            "patch, and there must be 2 patches or more"
        )


def drawn(ratio: Ratio, draws: Draws) -> np.ndarray:
    """(b,) the ratio of each picture."""
    if isinstance(ratio, tuple):
        return draws.uniform("ratio", *ratio)
    return np.full(len(draws.index), float(ratio))


def counted(ratio: float, n: int, b: int) -> np.ndarray:
    """(b,) how many of `n` patches an exact ratio masks."""
    return np.full(b, int(ratio * n))


def lowest(score: np.ndarray, count: np.ndarray) -> np.ndarray:
    """(b, n) bool: the `count` (b,) patches of each row with the lowest score."""
    order = np.argsort(score, axis=1, kind="stable")
    mask = np.zeros(score.shape, bool)
    np.put_along_axis(mask, order, np.arange(score.shape[1]) < count[:, None], 1)
    return mask


def shared(
    mask: np.ndarray, share: float, grid: tuple[int, int], draws: Draws, device: torch.device
) -> Bool[Tensor, "b gy gx"]:
    """The masks (b, n) of a `share` of the pictures, none of the others; on the pictures' device."""
    if share < 1:
        mask = mask & draws.chance("share", share)[:, None]
    return torch.from_numpy(mask.reshape(len(mask), *grid)).to(device)
