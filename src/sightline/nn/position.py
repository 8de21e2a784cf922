"""Position codes that are added to patch tokens: learned, or fixed sines and cosines in the two published layouts.

All take the grid of the batch, or one (height, width) a sample where pictures vary (NaFlex).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sightline.nn.constant import constant
from sightline.nn.patch import Grid
from sightline.nn.resample import Resample, resize
from sightline.nn.tag import tag

Tokens = Float[Tensor, "b n d"]
Grids = Grid | Int[Tensor, "b 2"]


class Learned(nn.Module):
    """One learned vector a place, N(0, 0.02) at the start; another grid gets the map resized by `resample`.

    The class token and registers have none: a class token's own row, where a checkpoint has one, folds into the token.
    """

    def __init__(self, grid: Grid, dim: int, resample: Resample = "bicubic_antialias") -> None:
        super().__init__()
        self.grid = grid
        self.resample: Resample = resample
        self.weight = tag(nn.Parameter(torch.empty(grid[0] * grid[1], dim)), "no_decay")
        nn.init.trunc_normal_(self.weight, std=0.02)

    def forward(self, x: Tokens, grid: Grids) -> Tokens:
        return x + for_grids(self.at, grid, x.shape[1]).to(x.dtype)

    def at(self, grid: Grid) -> Float[Tensor, "n d"]:
        """The positions of a grid of (height, width), row-major."""
        if grid == self.grid:
            return self.weight
        return resize(self.weight.view(*self.grid, -1), grid, self.resample).flatten(0, 1)


@constant
def sincos_mae(grid: Grid, dim: int) -> Float[Tensor, "n d"]:
    """MAE's layout: [sin x, cos x, sin y, cos y], omega_i = 10000^(-i / (d/4))."""
    return _sincos(grid, 10000.0 ** -(torch.arange(dim // 4, dtype=torch.float64) / (dim // 4)))


@constant
def sincos_moco(grid: Grid, dim: int) -> Float[Tensor, "n d"]:
    """MoCo-v3's and big_vision's layout: the same order, omega_i = 10000^(-i / (d/4 - 1))."""
    return _sincos(grid, 10000.0 ** -(torch.arange(dim // 4, dtype=torch.float64) / max(dim // 4 - 1, 1)))


class Unplaced(nn.Module):
    """Adds nothing: for towers whose attention knows the places (rotary)."""

    def forward(self, x: Tokens, grid: Grids) -> Tokens:
        return x


class SinCos(nn.Module):
    """Fixed two-dimensional sines and cosines; `table` is one of the layouts above. `dim` is a multiple of 4."""

    def __init__(self, dim: int, table: Callable[[Grid, int], Float[Tensor, "n d"]] = sincos_moco) -> None:
        super().__init__()
        if dim % 4:
            raise ValueError(f"two-dimensional sine-cosine positions need a width that is a multiple of 4, got {dim}")
        self.dim = dim
        self.table = table

    def forward(self, x: Tokens, grid: Grids) -> Tokens:
        return x + for_grids(lambda grid: self.table(grid, self.dim), grid, x.shape[1]).to(x)


def for_grids(at: Callable[[Grid], Float[Tensor, "_ c"]], grid: Grids, n: int) -> Float[Tensor, "*b {n} c"]:
    """The table `at(grid)`; for a grid a sample, a table each, padded with zeros to `n` rows, equal ones made once.

    ValueError where a sample has more places than rows.
    """
    if not isinstance(grid, Tensor):
        return at(grid)
    sizes = [(y, x) for y, x in grid.tolist()]
    kinds = {size: number for number, size in enumerate(dict.fromkeys(sizes))}
    if any(y * x > n or y < 1 or x < 1 for y, x in kinds):
        raise ValueError(f"grids {list(kinds)} do not all have between 1 and {n} places, the length of the batch")
    tables = torch.stack([F.pad(at((y, x)), (0, 0, 0, n - y * x)) for y, x in kinds])
    return tables[torch.tensor([kinds[size] for size in sizes], device=tables.device)]


def _sincos(grid: Grid, omega: Tensor) -> Tensor:
    y, x = torch.meshgrid(torch.arange(grid[0]).double(), torch.arange(grid[1]).double(), indexing="ij")
    angles_x, angles_y = x.reshape(-1, 1) * omega, y.reshape(-1, 1) * omega
    return torch.cat([angles_x.sin(), angles_x.cos(), angles_y.sin(), angles_y.cos()], dim=1).float()
