"""FlexiViT (Beyer et al. 2022, https://arxiv.org/abs/2212.08013): one set of weights for any patch size.

The kernel is kept at one size and resized by a pseudo-inverse for the patches asked for, the positions by bilinear
interpolation; trained with a patch size drawn anew each step.
"""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.attention import Maps
from sightline.protocols import Features
from sightline.towers.vit import ViT

GRIDS = (5, 6, 8, 10, 12, 15, 16, 20, 24, 30)
"""Patches a side that training draws from, evenly, at 240 px: patches of 48 to 8."""


class FlexiViT(nn.Module):
    """A ViT with a patch size a call; `patch` is the one where none is given. Its stem is a `PatchStem`."""

    def __init__(self, vit: ViT, patch: int) -> None:
        super().__init__()
        self.vit, self.dim, self.patch = vit, vit.dim, patch

    def forward(self, image: Float[Tensor, "b c y x"], patch: int = 0) -> Features:
        return self.vit.read(*self.vit.stem(image, patch or self.patch))

    def each(self, features: Features) -> Float[Tensor, "b n d"]:
        """As of `ViT`."""
        return self.vit.each(features)

    def layers(self, image: Float[Tensor, "b c y x"], chosen: Sequence[int], patch: int = 0) -> list[Features]:
        """As of `ViT`."""
        tokens, grid = self.vit.stem(image, patch or self.patch)
        return self.vit.read_layers(tokens, grid, chosen)

    def attention(self, image: Float[Tensor, "b c y x"], block: int, patch: int = 0) -> Maps:
        """As of `ViT`."""
        tokens, grid = self.vit.stem(image, patch or self.patch)
        return self.vit.read_attention(tokens, grid, block)
