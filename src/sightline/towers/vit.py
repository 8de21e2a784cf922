"""Vision Transformer (Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929), pre-norm, its parts passed in."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sightline.nn.attention import Maps
from sightline.nn.pool import ClsPool, Real, Tokens
from sightline.nn.position import Grids
from sightline.nn.rotary import Rotary, Warp
from sightline.nn.tag import tag
from sightline.nn.transformer import Stack
from sightline.protocols import Features


class ViT(nn.Module):
    """stem -> + position -> prefix in front -> entry norm -> blocks -> norm -> pool.

    `prefix` learned tokens (class token first, then registers) carry no position: where a published model gives its
    class token one, the sum of the two is our token. `entry` is CLIP's `ln_pre`; others pass `nn.Identity()`.
    `rotary`, where there is one, turns the patches' queries and keys in every block; the prefix is not turned.
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
        rotary: Rotary | None = None,
    ) -> None:
        super().__init__()
        self.dim, self.rotary = dim, rotary
        self.stem, self.position, self.entry, self.stack, self.pool = stem, position, entry, stack, pool
        # without class token and registers it is empty, and nothing learns it
        self.prefix = tag(nn.Parameter(torch.empty(1, prefix, dim), requires_grad=prefix > 0), "no_decay")
        # DINO's 0.02; timm starts the class token at 1e-6, which a first LayerNorm blows up just the same.
        nn.init.trunc_normal_(self.prefix, std=0.02)

    def forward(self, image: Float[Tensor, "b c y x"], warp: Warp | None = None) -> Features:
        """`warp` moves the places that rotary positions see, for this call."""
        return self.read(*self.stem(image), warp=warp)

    def masked(
        self, image: Float[Tensor, "b c y x"], mask: Bool[Tensor, "b gy gx"], token: Float[Tensor, "d"]
    ) -> Features:
        """`token` stands in place of the patches where `mask` is true, before positions are added (BEiT, iBOT).

        ValueError where the mask has another grid than the picture's patches.
        """
        tokens, grid = self.stem(image)
        if mask.shape != (len(image), *grid):
            raise ValueError(
                f"a mask of {tuple(mask.shape)} does not fit {len(image)} pictures of {grid[0]} x {grid[1]} patches"
            )
        return self.read(torch.where(mask.flatten(1)[..., None], token.to(tokens.dtype), tokens), grid)

    def visible(self, image: Float[Tensor, "b c y x"], keep: Int[Tensor, "b k"]) -> Features:
        """Only the patches numbered in `keep` (row-major, each once) enter the blocks, with their own positions (MAE).

        `tokens` are those k, in the order of `keep`; `grid` is still the whole picture's, and `pooled` reads the kept.
        """
        tokens, grid = self.stem(image)
        x = self._prefixed(_rows(self.position(tokens, grid), keep))
        context = self._context(tokens, grid, None)
        if "rotate" in context:
            context["rotate"] = tuple(table[keep][:, None] for table in context["rotate"])
        return self._features(self.stack(x, **context), grid, None)

    def pooled(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b d"]:
        """`forward(image).pooled` for less where the pool reads the class token alone."""
        return self.read_pooled(*self.stem(image))

    def each(self, features: Features) -> Tokens:
        """What the pool makes of each patch token alone: patches in the space of `pooled` (`nn.pool`)."""
        pool: Any = self.pool
        return pool.each(features.tokens)

    def layers(self, image: Float[Tensor, "b c y x"], chosen: Sequence[int]) -> list[Features]:
        """What the tower would give if it ended after each of the `chosen` blocks, by its own last norm and pool."""
        tokens, grid = self.stem(image)
        return self.read_layers(tokens, grid, chosen)

    def attention(self, image: Float[Tensor, "b c y x"], block: int) -> Maps:
        """The attention maps of one block, prefix tokens first in rows and columns."""
        tokens, grid = self.stem(image)
        return self.read_attention(tokens, grid, block)

    def read(self, tokens: Tokens, grid: Grids, mask: Real = None, warp: Warp | None = None) -> Features:
        """What stands after the stem: the `tokens` of pictures, row-major, to features. `mask` says which are real."""
        x = self.stack(self.embed(tokens, grid), **self._context(tokens, grid, mask, warp))
        return self._features(x, grid, mask)

    def read_pooled(self, tokens: Tokens, grid: Grids, mask: Real = None) -> Float[Tensor, "b d"]:
        """`pooled` after the stem."""
        if not isinstance(self.pool, ClsPool):
            return self.read(tokens, grid, mask).pooled
        token = self.pool.token
        x = self.stack.first(self.embed(tokens, grid), token + 1, **self._context(tokens, grid, mask))
        return x[:, token]

    def read_layers(self, tokens: Tokens, grid: Grids, chosen: Sequence[int], mask: Real = None) -> list[Features]:
        """`layers` after the stem."""
        context = self._context(tokens, grid, mask)
        return [self._features(x, grid, mask) for x in self.stack.layers(self.embed(tokens, grid), chosen, **context)]

    def read_attention(self, tokens: Tokens, grid: Grids, block: int, mask: Real = None) -> Maps:
        """`attention` after the stem."""
        return self.stack.attention(self.embed(tokens, grid), block, **self._context(tokens, grid, mask))

    def embed(self, tokens: Tokens, grid: Grids) -> Float[Tensor, "b m d"]:
        """What enters the first block: positions added, the prefix in front."""
        return self._prefixed(self.position(tokens, grid))

    def _prefixed(self, x: Tensor) -> Tensor:
        if self.prefix.shape[1]:
            x = torch.cat([self.prefix.to(x.dtype).expand(x.shape[0], -1, -1), x], dim=1)
        return self.entry(x)

    def _context(self, tokens: Tensor, grid: Grids, mask: Tensor | None, warp: Warp | None = None) -> dict[str, Any]:
        context: dict[str, Any] = {}
        if self.rotary is not None:
            context["rotate"] = self.rotary(grid, tokens.shape[1], tokens.device, warp)
        if mask is not None:
            # keys only: a padded row still looks at real tokens, so nothing is undefined
            context["mask"] = F.pad(mask, (self.prefix.shape[1], 0), value=True)[:, None, None]
        return context

    def _features(self, x: Tensor, grid: Grids, mask: Tensor | None) -> Features:
        count = self.prefix.shape[1]
        prefix, tokens = x[:, :count], x[:, count:]
        return Features(pooled=self.pool(tokens, prefix, mask), tokens=tokens, prefix=prefix, grid=grid, mask=mask)


def _rows(x: Float[Tensor, "b n d"], keep: Int[Tensor, "b k"]) -> Float[Tensor, "b k d"]:
    return x.gather(1, keep[..., None].expand(-1, -1, x.shape[-1]))
