"""Principal components with a fixed sign, and tokens as colours: the first three components as red, green and blue.

Maps of tokens as in DINOv2 (Oquab et al. 2023, https://arxiv.org/abs/2304.07193, figure 1), over all pictures together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

EDGES = (1.0, 99.0)
"""percentiles of a component that become 0 and 1: a few tokens of very large norm would darken all others"""


@dataclass(frozen=True, slots=True)
class Components:
    """The directions in which rows vary most."""

    mean: Float[np.ndarray, " d"]
    axes: Float[np.ndarray, "k d"]
    share: Float[np.ndarray, " k"]
    """of the whole variance"""

    def of(self, rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n k"]:
        """The rows by their components."""
        return (rows - self.mean) @ self.axes.T


def components(rows: Float[np.ndarray, "n d"], count: int) -> Components:
    """The first `count` principal components, fewer where rows or columns are fewer.

    The sign of a component means nothing; it is chosen so that its entry of largest size is positive.
    """
    rows = rows.astype(np.float64)
    mean = rows.mean(axis=0)
    _, spread, axes = np.linalg.svd(rows - mean, full_matrices=False)
    axes = axes[:count]
    largest = np.abs(axes).argmax(axis=1)
    axes = axes * np.where(axes[np.arange(len(axes)), largest] < 0, -1.0, 1.0)[:, None]
    power = spread**2
    return Components(mean, axes, power[:count] / max(power.sum(), np.finfo(float).tiny))


@dataclass(frozen=True, slots=True)
class TokenMaps:
    """One map of colours a picture, in 0..1; `front` is false where a token was taken for background."""

    colours: list[Float[np.ndarray, "y x 3"]]
    front: list[Bool[np.ndarray, "y x"]]
    share: Float[np.ndarray, " k"]


def token_maps(
    tokens: Sequence[Float[np.ndarray, "_ d"]], grids: Sequence[tuple[int, int]], *, mask_background: bool = False
) -> TokenMaps:
    """The first three components of all tokens together as RGB.

    `mask_background` is DINOv2's two steps: tokens on one side of the first component's mean are background, and the
    colours are the components of the others. Which side is background is not in the numbers; it is taken to be the one
    on which most tokens of the pictures' borders lie.
    """
    rows = np.concatenate(list(tokens)).astype(np.float64)
    front = np.ones(len(rows), bool)
    if mask_background:
        first = components(rows, 1).of(rows)[:, 0] > 0
        border = np.concatenate([_border(grid) for grid in grids])
        front = first != (first[border].mean() > 0.5)
    chosen = rows[front] if front.any() else rows
    found = components(chosen, 3)
    values = np.zeros((len(rows), 3))
    values[:, : len(found.axes)] = found.of(rows)
    inside = values[front] if front.any() else values
    low, high = np.percentile(inside, EDGES, axis=0)
    colours = ((values - low) / np.maximum(high - low, 1e-12)).clip(0, 1)
    ends = np.cumsum([y * x for y, x in grids])[:-1]
    return TokenMaps(
        colours=[part.reshape(*grid, 3) for part, grid in zip(np.split(colours, ends), grids, strict=True)],
        front=[part.reshape(grid) for part, grid in zip(np.split(front, ends), grids, strict=True)],
        share=found.share,
    )


def _border(grid: tuple[int, int]) -> Bool[np.ndarray, " n"]:
    edge = np.ones(grid, bool)
    edge[1:-1, 1:-1] = False
    return edge.reshape(-1)
