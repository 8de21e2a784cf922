"""Multi-head self-attention with one fused q, k, v product, and the choice of the kernel that multiplies.

Vaswani et al. 2017, https://arxiv.org/abs/1706.03762: `softmax(q k^T / sqrt(k)) v` per head.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

Tokens = Float[Tensor, "b n d"]
Mask = Bool[Tensor, "*broadcast #n m"] | Float[Tensor, "*broadcast #n m"]
"""Broadcast to (b, h, n, m). Bool: true where a query may look; float: added to the logits (0 or -inf)."""
Rotation = tuple[Float[Tensor, "*places r c"], Float[Tensor, "*places r c"]]
"""Cosines and sines for the last r tokens, which broadcast to (b, h, r, c); the tokens before them stay as they are."""
Maps = Float[Tensor, "b h s s"]
"""s: all tokens of the sequence, prefix and patches."""

PLAIN_UP_TO = 128
"""Keys up to which plain products beat `scaled_dot_product_attention` on a CPU in bf16. Forward and backward in ms on
two cores with AVX512-bf16 at 16,384 tokens, d 192, 3 heads, plain / sdpa: 64 keys 12 / 56, 128 keys 17 / 65, 197
keys 160 / 204, 256 keys 240 / 309; with 6 heads at 256 they are level. In float32 sdpa is the faster one: 97 / 39 at
64 keys. Forward alone, in either precision, sdpa is the faster one at any length.
"""


class Attention(nn.Module):
    """Self-attention of `heads` heads; `heads` divides `dim`, else ValueError."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(
                f"attention of width {dim} cannot have {heads} heads: the width must be a multiple of them"
            )
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tokens, *, mask: Mask | None = None, rotate: Rotation | None = None) -> Tokens:
        b, n, d = x.shape
        q, k, v = self._qkv(x, rotate)
        return self.proj(attend(q, k, v, mask).transpose(1, 2).reshape(b, n, d))

    def first(
        self, x: Tokens, count: int, *, mask: Mask | None = None, rotate: Rotation | None = None
    ) -> Float[Tensor, "b q d"]:
        """The first `count` tokens of `forward`: only they ask, all are looked at."""
        b, n, d = x.shape
        # the fused weight by rows: queries, then keys and values
        weight, bias, heads = self.qkv.weight, self.qkv.bias, (self.heads, d // self.heads)
        ask, told = (None, None) if bias is None else (bias[:d], bias[d:])
        q = F.linear(x[:, :count], weight[:d], ask).view(b, count, *heads).transpose(1, 2)
        k, v = F.linear(x, weight[d:], told).view(b, n, 2, *heads).permute(2, 0, 3, 1, 4).unbind(0)
        if rotate is not None:
            turned = max(0, count - (n - rotate[0].shape[-2]))
            q = apply_rotary(q, (rotate[0][..., :turned, :], rotate[1][..., :turned, :])) if turned else q
            k = apply_rotary(k, rotate)
        if mask is not None and mask.shape[-2] != 1:
            mask = mask[..., :count, :]
        return self.proj(attend(q, k, v, mask).transpose(1, 2).reshape(b, count, d))

    def weights(self, x: Tokens, *, mask: Mask | None = None, rotate: Rotation | None = None) -> Maps:
        """The softmax maps that `forward` mixes values by, in float32: the fast kernels never give them."""
        q, k, _ = self._qkv(x, rotate)
        return softmaps(q.float(), k.float(), mask)

    def _qkv(self, x: Tokens, rotate: Rotation | None) -> tuple[Tensor, Tensor, Tensor]:
        b, n, d = x.shape
        # One permutation of the fused product; timm's layout, (3, h, k) inside the last axis.
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        if rotate is not None:
            q, k = apply_rotary(q, rotate), apply_rotary(k, rotate)
        return q, k, v


def apply_rotary(x: Float[Tensor, "b h n c"], rotate: Rotation) -> Float[Tensor, "b h n c"]:
    """Rotary positions (Su et al. 2021) by halves: the last r tokens become x cos + [-x2, x1] sin, in float32."""
    cos, sin = rotate
    first = x.shape[-2] - cos.shape[-2]
    x1, x2 = x[:, :, first:].chunk(2, dim=-1)
    turned = (x[:, :, first:] * cos + torch.cat([-x2, x1], dim=-1) * sin).to(x.dtype)
    return torch.cat([x[:, :, :first], turned], dim=2) if first else turned


def attend(
    q: Float[Tensor, "b h n c"],
    k: Float[Tensor, "b h m c"],
    v: Float[Tensor, "b h m c"],
    mask: Mask | None = None,
) -> Float[Tensor, "b h n c"]:
    """`softmax(q k^T / sqrt(c) + mask) v` by the kernel that is fastest for this device, dtype and length.

    A query that may look at nothing has no defined answer: mask keys, never whole rows.
    """
    if mask is not None and mask.is_floating_point():
        mask = mask.to(q.dtype)
    if q.device.type == "cpu" and q.dtype == torch.bfloat16 and q.requires_grad and k.shape[-2] <= PLAIN_UP_TO:
        return _plain(q, k, v, mask)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def causal(
    n: int | torch.SymInt, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Float[Tensor, "n n"]:
    """An additive mask: -inf strictly above the diagonal, so that a token sees itself and what came before.

    `n` is symbolic in a graph that is exported for captions of any length.
    """
    return torch.full((n, n), float("-inf"), device=device, dtype=dtype).triu_(1)


def _plain(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    return softmaps(q, k, mask) @ v


def softmaps(q: Tensor, k: Tensor, mask: Mask | None) -> Tensor:
    """`softmax(q k^T / sqrt(c) + mask)`: (b, h, n, c), (b, h, m, c) -> (b, h, n, m)."""
    logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
    if mask is not None:
        logits = logits + mask if mask.is_floating_point() else logits.masked_fill(~mask, float("-inf"))
    return logits.softmax(-1)
