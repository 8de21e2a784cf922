"""Vision Transformer (Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929), pre-norm, its parts passed in."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.tag import tag
from sightline.nn.transformer import Stack
from sightline.protocols import Features


class ViT(nn.Module):
    """stem -> + position -> prefix in front -> entry norm -> blocks -> norm -> pool.

    `prefix` learned tokens (class token first, then registers) carry no position: where a published model gives its
    class token one, the sum of the two is our token. `entry` is CLIP's `ln_pre`; others pass `nn.Identity()`.
    """

    def __init__(
        self,
        dim: int,
        stem: nn.Module,
        position: nn.Module,
        stack: Stack,
        pool: nn.Module,
        *,
        prefix: int,
        entry: nn.Module,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.stem, self.position, self.entry, self.stack, self.pool = stem, position, entry, stack, pool
        self.prefix = tag(nn.Parameter(torch.empty(1, prefix, dim)), "no_decay")
        # DINO's 0.02; timm starts the class token at 1e-6, which a first LayerNorm blows up just the same.
        nn.init.trunc_normal_(self.prefix, std=0.02)

    def forward(self, image: Float[Tensor, "b c y x"]) -> Features:
        tokens, grid = self.stem(image)
        x = self.position(tokens, grid)
        count = self.prefix.shape[1]
        if count:
            x = torch.cat([self.prefix.to(x.dtype).expand(x.shape[0], -1, -1), x], dim=1)
        x = self.stack(self.entry(x))
        prefix, tokens = x[:, :count], x[:, count:]
        return Features(pooled=self.pool(tokens, prefix), tokens=tokens, prefix=prefix, grid=grid)
