"""DINOv3's axial rotary positions (Simeoni et al. 2025, https://arxiv.org/abs/2508.10104): queries and keys are turned
by where a patch is, by half of the angles for its height and by the other half for its place across.

    period_j = base^(4 j / c),  j < c / 4;    angles = 2 pi [y / period, x / period], twice over

with patch centres y, x in [-1, 1] along their own axis, and c the width of a head. All in float32.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.attention import Rotation
from sightline.nn.constant import constant
from sightline.nn.patch import Grid
from sightline.nn.position import Grids, for_grids


@dataclass(frozen=True, kw_only=True)
class Warp:
    """What training does to the centres of one step's pictures: (p + shift) * jitter * rescale, per axis (y, x)."""

    shift: tuple[float, float] = (0.0, 0.0)
    jitter: tuple[float, float] = (1.0, 1.0)
    rescale: float = 1.0


def draw(uniform: Float[Tensor, "5"], *, shift: float = 0.0, jitter: float = 1.0, rescale: float = 1.0) -> Warp:
    """Five numbers in [0, 1) as a warp: shifts in [-shift, shift], factors log-uniform in [1 / jitter, jitter] per axis
    and in [1 / rescale, rescale] for both. DINOv3 trains with rescale=2 alone.
    """
    y, x, tall, wide, both = (2 * uniform.double() - 1).tolist()
    return Warp(shift=(y * shift, x * shift), jitter=(jitter**tall, jitter**wide), rescale=rescale**both)


def centres(grid: Grid, warp: Warp | None = None) -> Float[Tensor, "n 2"]:
    """(y, x) of each patch's centre, row-major."""
    y, x = ((torch.arange(n, dtype=torch.float32) + 0.5) / n * 2 - 1 for n in grid)
    places = torch.cartesian_prod(y, x).view(-1, 2)
    if warp is None:
        return places
    factors = torch.tensor(warp.jitter) * warp.rescale
    return (places + torch.tensor(warp.shift)) * factors


def axial(
    places: Float[Tensor, "n 2"], width: int, base: float = 100.0
) -> tuple[Float[Tensor, "n c"], Float[Tensor, "n c"]]:
    """Cosines and sines of the angles for heads of `width`."""
    periods = base ** (torch.arange(width // 4, dtype=torch.float32) * 4 / width)
    angles = (2 * math.pi * places[:, :, None] / periods).flatten(1).repeat(1, 2)
    return angles.cos(), angles.sin()


class Rotary(nn.Module):
    """The tables for heads of `width` (a multiple of 4), each made once."""

    def __init__(self, width: int, base: float = 100.0) -> None:
        super().__init__()
        if width % 4:
            raise ValueError(f"axial rotary positions need heads whose width is a multiple of 4, got {width}")
        self.width, self.base = width, base

    def forward(self, grid: Grids, n: int, device: torch.device, warp: Warp | None = None) -> Rotation:
        """Cosines and sines of the `n` places of `grid`, or of each sample's own grid, padded to `n`."""
        if isinstance(grid, Tensor):
            both = for_grids(lambda grid: torch.cat(self._at(grid, device, warp), dim=1), grid, n)
            cos, sin = both[:, None].chunk(2, dim=-1)
            return cos, sin
        return self._at(grid, device, warp)

    def _at(self, grid: Grid, device: torch.device, warp: Warp | None) -> Rotation:
        if warp is None:
            return _table(grid, self.width, self.base, device)
        cos, sin = axial(centres(grid, warp), self.width, self.base)
        return cos.to(device), sin.to(device)


@constant
def _table(grid: Grid, width: int, base: float, device: torch.device) -> Rotation:
    cos, sin = axial(centres(grid), width, base)
    return cos.to(device), sin.to(device)
