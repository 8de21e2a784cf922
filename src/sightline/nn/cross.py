"""Attention from one sequence to another, and the blocks of a decoder that have it, pre-norm and as in 2017.

Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 3.2.3: the decoder's queries, a memory's keys and values.
"""

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.attention import Mask, Tokens, attend, softmaps
from sightline.nn.transformer import Block, LayerNorm, PostNormBlock

Memory = Float[Tensor, "b m w"]
Looks = Float[Tensor, "b h n m"]


class CrossAttention(nn.Module):
    """`heads` heads of width `dim` whose keys and values come from a memory `memory` wide.

    ValueError where `heads` does not divide `dim`.
    """

    def __init__(self, dim: int, heads: int, memory: int) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(
                f"attention of width {dim} cannot have {heads} heads: the width must be a multiple of them"
            )
        self.heads = heads
        self.q = nn.Linear(dim, dim)
        self.kv = nn.Linear(memory, 2 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tokens, memory: Memory, *, mask: Mask | None = None) -> Tokens:
        """`mask` broadcasts to (b, h, n, m): true where a token may look, or numbers added to the logits."""
        q, k, v = self._qkv(x, memory)
        return self.proj(attend(q, k, v, mask).transpose(1, 2).reshape(x.shape))

    def weights(self, x: Tokens, memory: Memory, *, mask: Mask | None = None) -> Looks:
        """The softmax maps that `forward` mixes values by, in float32: row i says where token i looks."""
        q, k, _ = self._qkv(x, memory)
        return softmaps(q.float(), k.float(), mask)

    def _qkv(self, x: Tokens, memory: Memory) -> tuple[Tensor, Tensor, Tensor]:
        b, n, d = x.shape
        q = self.q(x).view(b, n, self.heads, d // self.heads).transpose(1, 2)
        kv = self.kv(memory).view(b, memory.shape[1], 2, self.heads, d // self.heads)
        k, v = kv.permute(2, 0, 3, 1, 4).unbind(0)
        return q, k, v


class CrossBlock(nn.Module):
    """x <- x + attn(norm x);  x <- x + cross(norm x, memory);  x <- x + mlp(norm x)."""

    def __init__(
        self,
        dim: int,
        attn: nn.Module,
        cross: nn.Module,
        mlp: nn.Module,
        *,
        norm: Callable[[int], nn.Module] = LayerNorm,
    ) -> None:
        super().__init__()
        self.attn, self.cross, self.mlp = attn, cross, mlp
        self.norm1, self.norm2, self.norm3 = norm(dim), norm(dim), norm(dim)

    def forward(self, x: Tokens, *, memory: Memory, seen: Mask | None = None, **context: Any) -> Tokens:
        """`seen` is the mask over the memory; `context` (mask=, rotate=) reaches the self-attention untouched."""
        x = x + self.attn(self.norm1(x), **context)
        x = x + self.cross(self.norm2(x), memory, mask=seen)
        return x + self.mlp(self.norm3(x))


class PostNormCrossBlock(nn.Module):
    """u = norm(x + attn x);  v = norm(u + cross(u, memory));  z = norm(v + mlp v): the decoder's block of 2017.

    Each branch passes through a `drop`.
    """

    def __init__(
        self,
        dim: int,
        attn: nn.Module,
        cross: CrossAttention,
        mlp: nn.Module,
        *,
        norm: Callable[[int], nn.Module] = nn.LayerNorm,
        drop: Callable[[], nn.Module] = nn.Identity,
    ) -> None:
        super().__init__()
        self.attn, self.cross, self.mlp = attn, cross, mlp
        self.norm1, self.norm2, self.norm3 = norm(dim), norm(dim), norm(dim)
        self.drop = drop()

    def forward(self, x: Tokens, *, memory: Memory, seen: Mask | None = None, **context: Any) -> Tokens:
        """`seen` is the mask over the memory; `context` (mask=) reaches the self-attention untouched."""
        x = self._told(x, **context)
        x = self.norm2(x + self.drop(self.cross(x, memory, mask=seen)))
        return self.norm3(x + self.drop(self.mlp(x)))

    def looks(self, x: Tokens, *, memory: Memory, seen: Mask | None = None, **context: Any) -> Looks:
        """Where in the memory each token of the block's input `x` looks."""
        return self.cross.weights(self._told(x, **context), memory, mask=seen)

    def _told(self, x: Tokens, **context: Any) -> Tokens:
        return self.norm1(x + self.drop(self.attn(x, **context)))


BLOCKS = Block | PostNormBlock | CrossBlock | PostNormCrossBlock
"""all blocks of transformers: what is compiled, and shared out over ranks, one by one"""
