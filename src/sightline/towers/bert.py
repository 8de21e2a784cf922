"""BERT as a text tower (Devlin et al. 2018, https://arxiv.org/abs/1810.04805), pooled as sentence encoders do (Reimers
and Gurevych 2019, https://arxiv.org/abs/1908.10084).
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sightline.nn.attention import Mask
from sightline.nn.pool import mean_of
from sightline.nn.tag import tag
from sightline.nn.transformer import Stack, compute_dtype
from sightline.towers.text import Ids, keys_of, must_fit, values_known

Tokens = Float[Tensor, "b n d"]
Real = Bool[Tensor, "b n"]


@runtime_checkable
class TokenPool(Protocol):
    """Which vector stands for a text."""

    def read(self, stack: Stack, x: Tokens, mask: Mask, real: Real) -> Float[Tensor, "b d"]:
        """The vector of each text from what the blocks make of its tokens `x`, of which `real` are no padding."""
        ...


@dataclass(frozen=True, kw_only=True)
class MeanToken:
    """The mean of the tokens that are no padding, start and end among them: sentence-transformers' usual pooling."""

    def read(self, stack: Stack, x: Tokens, mask: Mask, real: Real) -> Float[Tensor, "b d"]:
        """All tokens are computed."""
        return mean_of(stack(x, mask=mask), real)


@dataclass(frozen=True, kw_only=True)
class FirstToken:
    """The first token, BERT's [CLS], as BGE reads it."""

    def read(self, stack: Stack, x: Tokens, mask: Mask, real: Real) -> Float[Tensor, "b d"]:
        """The last block is computed for that token alone."""
        return stack.first(x, 1, mask=mask)[:, 0]


class BertText(nn.Module):
    """x = norm(embed(ids) + position) -> post-norm blocks that see the real tokens -> `pool`.

    `pad` is the id of padding, which nothing looks at and which costs nothing on a CPU (`without_padding`). Words are
    `width` wide inside the embedding; where that is not the tower's width a linear map `widen` follows the first norm
    (ELECTRA, Clark et al. 2020, https://arxiv.org/abs/2003.10555). BERT's embedding of the first segment, the same for
    every token here, is part of the positions; its dropout is left out. Of padding alone the mean is zero.
    """

    def __init__(
        self, vocab: int, length: int, width: int, dim: int, norm: nn.Module, stack: Stack, pool: TokenPool, *, pad: int
    ) -> None:
        super().__init__()
        self.dim, self.length, self.pad, self.pool = dim, length, pad, pool
        self.embed = nn.Embedding(vocab, width)
        self.position = tag(nn.Parameter(torch.empty(length, width)), "no_decay")
        self.norm = norm
        self.widen = nn.Identity() if width == dim else nn.Linear(width, dim)
        self.stack = stack
        nn.init.normal_(self.embed.weight, std=0.02)
        nn.init.normal_(self.position, std=0.02)

    def forward(self, ids: Ids) -> Float[Tensor, "b d"]:
        """The vector of each text. ValueError for more than `length` tokens."""
        must_fit(ids, self.length)
        ids = self.crop(ids)
        x, real = self._read(ids, F.embedding(ids, self.embed.weight))
        return self.pool.read(self.stack, x, keys_of(real), real)

    def crop(self, ids: Ids) -> Int[Tensor, "b m"]:
        """The columns that are computed."""
        return without_padding(ids, self.pad)

    def tokens(self, ids: Ids, words: Float[Tensor, "b n w"]) -> Tokens:
        """What the blocks make of each token, before the pooling, where `words` stand for the vectors of `ids` (some
        covered, say); padding, by its id, is seen by none. ValueError for more than `length` tokens."""
        must_fit(ids, self.length)
        x, real = self._read(ids, words)
        return self.stack(x, mask=keys_of(real))

    def _read(self, ids: Ids, words: Tensor) -> tuple[Tensor, Real]:
        x = self.norm(words + self.position[: ids.shape[1]])
        return self.widen(x.to(compute_dtype(x))), ids != self.pad


def without_padding(ids: Ids, pad: int) -> Int[Tensor, "b m"]:
    """The columns up to the last that holds anything but `pad`, one at least: what follows reaches nobody.

    Only where `values_known`: an accelerator would wait for the length and compile every length anew.
    """
    if not values_known(ids) or not len(ids):
        return ids
    used = (ids != pad).any(0).nonzero()
    return ids[:, : int(used[-1]) + 1 if len(used) else 1]
