"""How a sequence becomes one vector: class token, mean, or attention by a learned probe. All read (tokens, prefix)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sightline.nn.attention import attend
from sightline.nn.tag import tag
from sightline.nn.transformer import LayerNorm

Tokens = Float[Tensor, "b n d"]
Prefix = Float[Tensor, "b p d"]
Real = Bool[Tensor, "b n"] | None
"""true where a token is real; None when all are"""


class ClsPool(nn.Module):
    """The first prefix token (ViT, DINO, CLIP)."""

    def forward(self, tokens: Tokens, prefix: Prefix, real: Real = None) -> Float[Tensor, "b d"]:
        return prefix[:, 0]


class MeanPool(nn.Module):
    """The mean of the real patch tokens (GAP), after the last norm as in big_vision."""

    def forward(self, tokens: Tokens, prefix: Prefix, real: Real = None) -> Float[Tensor, "b d"]:
        if real is None:
            return tokens.mean(1)
        weight = real.to(tokens.dtype)
        return torch.einsum("bnd,bn->bd", tokens, weight) / weight.sum(1, keepdim=True).clamp(min=1)


class MapPool(nn.Module):
    """SigLIP's attention pooling: y = MHA(probe, x, x);  y + MLP(LN y).

    big_vision's MAPHead: no residual from the probe, biases everywhere, no last norm. The probe also sees the prefix.
    """

    def __init__(self, dim: int, heads: int, mlp: nn.Module) -> None:
        super().__init__()
        self.heads = heads
        self.probe = tag(nn.Parameter(torch.empty(1, 1, dim)), "no_decay")
        self.q, self.kv, self.proj = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)
        self.norm = LayerNorm(dim)
        self.mlp = mlp
        nn.init.xavier_uniform_(self.probe)

    def forward(self, tokens: Tokens, prefix: Prefix, real: Real = None) -> Float[Tensor, "b d"]:
        x = torch.cat([prefix, tokens], 1) if prefix.shape[1] else tokens
        b, n, d = x.shape
        c = d // self.heads
        q = self.q(self.probe).view(1, 1, self.heads, c).transpose(1, 2).expand(b, -1, -1, -1)
        k, v = self.kv(x).view(b, n, 2, self.heads, c).permute(2, 0, 3, 1, 4).unbind(0)
        mask = None
        if real is not None:
            mask = torch.cat([real.new_ones(b, prefix.shape[1]), real], 1)[:, None, None]
        y = self.proj(attend(q, k, v, mask).transpose(1, 2).reshape(b, 1, d))
        return (y + self.mlp(self.norm(y)))[:, 0]
