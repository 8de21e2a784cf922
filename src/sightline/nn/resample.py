"""Resizing of small maps (positions, patch kernels) as products with one matrix an axis, cached for each two sizes.

Bilinear and bicubic resizing treat the axes apart, so two small matrices say all of it: they cost little, can be
differentiated and inverted (a patch kernel needs that), and in an exported graph they are constants. The numbers are
those of `torch.nn.functional.interpolate`, which has no matrix to give.
"""

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

Resample = Literal["bicubic_antialias", "bicubic", "bilinear_antialias"]
Matrix = Float64[np.ndarray, "new old"]


@lru_cache(maxsize=512)
def matrix(old: int, new: int, how: Resample) -> Matrix:
    """What resizes `old` samples to `new`; float64, so that its inverse is good, numpy, so that no graph traces it."""
    scale = old / new
    centres, places = (np.arange(new) + 0.5) * scale - 0.5, np.arange(old)
    if how == "bicubic":
        # four taps around the centre whatever the scale; those beyond an edge fall on it
        taps = np.floor(centres)[:, None] + np.arange(-1, 3)
        weights = np.zeros((new, old))
        rows = np.arange(new)[:, None].repeat(4, axis=1)
        np.add.at(weights, (rows, taps.clip(0, old - 1).astype(int)), _cubic(taps - centres[:, None], -0.75))
        return weights
    # where samples get fewer, the kernel is as much wider
    away = (places - centres[:, None]) / max(scale, 1.0)
    weights = _cubic(away, -0.5) if how == "bicubic_antialias" else (1 - abs(away)).clip(min=0)
    return weights / weights.sum(axis=1, keepdims=True)


@lru_cache(maxsize=512)
def inverse(old: int, new: int, how: Resample) -> Matrix:
    """(B^T)^+ of B = `matrix(old, new)`: w* = it w is the w* whose product with a resized x is nearest to w . x."""
    return np.linalg.pinv(matrix(old, new, how).T)


def resize(maps: Float[Tensor, "y x *d"], size: tuple[int, int], how: Resample) -> Float[Tensor, "new_y new_x *d"]:
    """A map at another size, in float32."""
    return product(maps, matrix(maps.shape[0], size[0], how), matrix(maps.shape[1], size[1], how))


def product(
    maps: Float[Tensor, "y x *d"], rows: Float64[np.ndarray, "new_y y"], columns: Float64[np.ndarray, "new_x x"]
) -> Float[Tensor, "new_y new_x *d"]:
    """`rows` over the first axis and `columns` over the second, in float32 whatever autocast says."""
    with torch.autocast(maps.device.type, enabled=False):
        maps = maps.float()
        over_y, over_x = (torch.tensor(m, dtype=torch.float32, device=maps.device) for m in (rows, columns))
        return torch.einsum("xj,yj...->yx...", over_x, torch.einsum("yi,ij...->yj...", over_y, maps))


def _cubic(x: np.ndarray, a: float) -> np.ndarray:
    """Keys 1981; a = -0.5 where torch antialiases, as Pillow does, and -0.75 where it does not."""
    x = abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
