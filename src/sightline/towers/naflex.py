"""NaFlex (SigLIP 2, Tschannen et al. 2025, https://arxiv.org/abs/2502.14786): pictures of any shape and length.

A ViT over patches that were cut before it: `data.naflex` makes them, each picture at its own aspect ratio.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sightline.nn.attention import Maps
from sightline.protocols import Features
from sightline.towers.vit import ViT


@dataclass(frozen=True, kw_only=True)
class Patches:
    """Pictures as flat patches, row-major, each laid out (y, x, c), with padding at the end."""

    patches: Float[Tensor, "b n k"]
    mask: Bool[Tensor, "b n"]
    """true where a patch is real"""
    grid: Int[Tensor, "b 2"]
    """(height, width) of each picture in patches"""

    def __len__(self) -> int:
        return len(self.patches)

    def __getitem__(self, rows: Any) -> "Patches":
        """Some of the pictures: a slice, numbers, or which."""
        return Patches(patches=self.patches[rows], mask=self.mask[rows], grid=self.grid[rows])

    def to(self, device: torch.device) -> "Patches":
        return Patches(patches=self.patches.to(device), mask=self.mask.to(device), grid=self.grid.to(device))


class NaFlex(nn.Module):
    """`vit.read` of the linear map of the patches; padding is seen by nobody and pooled nowhere.

    The stem of `vit` is that linear map. Tokens of padding hold numbers that mean nothing: `Features.mask` tells them.
    """

    def __init__(self, vit: ViT) -> None:
        super().__init__()
        self.vit, self.dim = vit, vit.dim

    def forward(self, pictures: Patches) -> Features:
        return self.vit.read(self.vit.stem(pictures.patches), pictures.grid, pictures.mask)

    def each(self, features: Features) -> Float[Tensor, "b n d"]:
        """As of `ViT`."""
        return self.vit.each(features)

    def layers(self, pictures: Patches, chosen: Sequence[int]) -> list[Features]:
        """As of `ViT`."""
        return self.vit.read_layers(self.vit.stem(pictures.patches), pictures.grid, chosen, pictures.mask)

    def attention(self, pictures: Patches, block: int) -> Maps:
        """As of `ViT`; rows of padding mean nothing, its columns are zero."""
        return self.vit.read_attention(self.vit.stem(pictures.patches), pictures.grid, block, pictures.mask)


def patches_of(image: Float[Tensor, "b c y x"], patch: int) -> Patches:
    """Pictures of one size, multiples of `patch`, as NaFlex takes them: nothing is padded."""
    (b, c), (gy, gx) = image.shape[:2], (image.shape[2] // patch, image.shape[3] // patch)
    if (gy * patch, gx * patch) != tuple(image.shape[2:]):
        raise ValueError(
            f"an image of {image.shape[2]} x {image.shape[3]} pixels does not divide into patches of {patch}"
        )
    cut = image.reshape(b, c, gy, patch, gx, patch).permute(0, 2, 4, 3, 5, 1).reshape(b, gy * gx, -1)
    grid = torch.tensor([[gy, gx]], device=image.device).expand(b, -1)
    return Patches(patches=cut, mask=torch.ones(cut.shape[:2], dtype=torch.bool, device=image.device), grid=grid)
