"""Similarity of position codes: for each place, its cosine with every other (Dosovitskiy et al. 2020, figure 7)."""

import numpy as np
from jaxtyping import Float
from torch import nn

from sightline.nn.position import Learned, SinCos

MOST = 14
"""places shown along a side; of larger grids evenly spaced ones, so that each small map stays readable"""


def table(position: nn.Module, grid: tuple[int, int]) -> Float[np.ndarray, "n d"] | None:
    """The codes that are added to the patches of a grid; None where nothing is added (rotary)."""
    if isinstance(position, Learned):
        codes = position.at(grid)
    elif isinstance(position, SinCos):
        codes = position.table(grid, position.dim)
    else:
        return None
    return codes.detach().float().cpu().numpy()


def similarity(codes: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n n"]:
    """Cosines between all pairs; those with a code of zeros are 0."""
    codes = codes.astype(np.float64)
    unit = codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-12)
    return unit @ unit.T


def mosaic(
    similar: Float[np.ndarray, "n n"], grid: tuple[int, int], most: int = MOST
) -> list[list[Float[np.ndarray, "y x"]]]:
    """Rows of maps: the one at (i, j) holds the similarity of that place's code with all places of the grid."""
    maps = similar.reshape(*grid, *grid)
    down, across = (_spread(side, most) for side in grid)
    return [[maps[i, j] for j in across] for i in down]


def _spread(side: int, most: int) -> list[int]:
    """At most `most` numbers below `side`, evenly from first to last."""
    return sorted({round(i) for i in np.linspace(0, side - 1, min(side, most))})
