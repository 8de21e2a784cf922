"""The text tower of TIPS (Maninis et al. 2024, https://arxiv.org/abs/2410.16512): no class or end token, read whole."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sightline.nn.pool import mean_of
from sightline.nn.transformer import Stack, compute_dtype
from sightline.towers.text import keys_of, must_fit


class TipsText(nn.Module):
    """sqrt(d) embed(ids) + sin-cos positions -> blocks that see the real tokens -> norm -> their mean.

    `pad` is the id of padding, which nothing looks at. TIPS zeroes the padding inside its MLPs as well; nobody reads it
    there, so the answer is the same. A caption of padding alone gives zero.
    """

    def __init__(self, vocab: int, length: int, dim: int, stack: Stack, *, pad: int = 0) -> None:
        super().__init__()
        if dim % 2:
            raise ValueError(f"sine-cosine positions of text need an even width, got {dim}")
        self.dim, self.length, self.pad = dim, length, pad
        self.position: Tensor
        self.embed = nn.Embedding(vocab, dim)
        self.stack = stack
        self.register_buffer("position", sincos(length, dim), persistent=False)
        nn.init.normal_(self.embed.weight, std=dim**-0.5)

    def forward(self, ids: Int[Tensor, "b n"]) -> Float[Tensor, "b d"]:
        """The vector of each caption. ValueError for more than `length` tokens."""
        must_fit(ids, self.length)
        real = ids != self.pad
        x = F.embedding(ids, self.embed.weight) * math.sqrt(self.dim) + self.position[: ids.shape[1]]
        return mean_of(self.stack(x.to(compute_dtype(x)), mask=keys_of(real)), real)


def sincos(length: int, dim: int) -> Float[Tensor, "n d"]:
    """[sin, cos] of position * 10000^(-i / (d/2 - 1)), i < d/2."""
    omega = 10000.0 ** -(torch.arange(dim // 2, dtype=torch.float64) / max(dim // 2 - 1, 1))
    angles = torch.arange(length, dtype=torch.float64)[:, None] * omega
    return torch.cat([angles.sin(), angles.cos()], dim=1).float()
