"""Position codes that are added to patch tokens: learned, or fixed sines and cosines in the two published layouts."""

from collections.abc import Callable
from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.patch import Grid
from sightline.nn.tag import tag


class Learned(nn.Module):
    """One learned vector a place, N(0, 0.02) at the start; another grid gets the map resized (bicubic, antialiased).

    The class token and registers have none: a class token's own row, where a checkpoint has one, folds into the token.
    """

    def __init__(self, grid: Grid, dim: int) -> None:
        super().__init__()
        self.grid = grid
        self.weight = tag(nn.Parameter(torch.empty(grid[0] * grid[1], dim)), "no_decay")
        nn.init.trunc_normal_(self.weight, std=0.02)

    def forward(self, x: Float[Tensor, "b n d"], grid: Grid) -> Float[Tensor, "b n d"]:
        weight = self.weight if grid == self.grid else _resize(self.weight, self.grid, grid)
        return x + weight.to(x.dtype)


@lru_cache(maxsize=32)
def sincos_mae(grid: Grid, dim: int) -> Float[Tensor, "n d"]:
    """MAE's layout: [sin x, cos x, sin y, cos y], omega_i = 10000^(-i / (d/4))."""
    return _sincos(grid, 10000.0 ** -(torch.arange(dim // 4, dtype=torch.float64) / (dim // 4)))


@lru_cache(maxsize=32)
def sincos_moco(grid: Grid, dim: int) -> Float[Tensor, "n d"]:
    """MoCo-v3's and big_vision's layout: the same order, omega_i = 10000^(-i / (d/4 - 1))."""
    return _sincos(grid, 10000.0 ** -(torch.arange(dim // 4, dtype=torch.float64) / max(dim // 4 - 1, 1)))


class SinCos(nn.Module):
    """Fixed two-dimensional sines and cosines; `table` is one of the layouts above. `dim` is a multiple of 4."""

    def __init__(self, dim: int, table: Callable[[Grid, int], Float[Tensor, "n d"]] = sincos_moco) -> None:
        super().__init__()
        if dim % 4:
            raise ValueError(f"two-dimensional sine-cosine positions need a width that is a multiple of 4, got {dim}")
        self.dim = dim
        self.table = table

    def forward(self, x: Float[Tensor, "b n d"], grid: Grid) -> Float[Tensor, "b n d"]:
        return x + self.table(grid, self.dim).to(x)


def _sincos(grid: Grid, omega: Tensor) -> Tensor:
    y, x = torch.meshgrid(torch.arange(grid[0]).double(), torch.arange(grid[1]).double(), indexing="ij")
    angles_x, angles_y = x.reshape(-1, 1) * omega, y.reshape(-1, 1) * omega
    return torch.cat([angles_x.sin(), angles_x.cos(), angles_y.sin(), angles_y.cos()], dim=1).float()


def _resize(weight: Tensor, old: Grid, new: Grid) -> Tensor:
    image = weight.float().reshape(1, *old, -1).permute(0, 3, 1, 2)
    image = F.interpolate(image, size=new, mode="bicubic", antialias=True)
    return image.permute(0, 2, 3, 1).reshape(new[0] * new[1], -1)
