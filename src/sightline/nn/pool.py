"""How a sequence becomes one vector: class token, mean, generalised mean, or attention by a learned probe.

All read (tokens, prefix).

`each` is what a pool would make of every token if it were the only one: places in the space of the pooled vector, as
MaskCLIP (Zhou et al. 2021, https://arxiv.org/abs/2112.01071, section 3.2) reads them off an attention pooling.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sightline.nn.attention import attend
from sightline.nn.tag import tag
from sightline.nn.transformer import LayerNorm

Tokens = Float[Tensor, "b n d"]
Prefix = Float[Tensor, "b p d"]
Real = Bool[Tensor, "b n"] | None
"""true where a token is real; None when all are"""


def mean_of(tokens: Tokens, real: Bool[Tensor, "b n"]) -> Float[Tensor, "b d"]:
    """The mean of the real tokens; zero where there are none."""
    weight = real.to(tokens.dtype)
    return torch.einsum("bnd,bn->bd", tokens, weight) / weight.sum(1, keepdim=True).clamp(min=1)


EPS = 1e-6
"""what numbers are raised to before a generalised mean, which knows none below zero (Radenovic's code)"""


def generalized_mean(
    tokens: Tokens, p: Float[Tensor, ""], real: Bool[Tensor, "b n"] | None = None, eps: float = EPS
) -> Float[Tensor, "b d"]:
    """(1/n sum_i x_i^p)^(1/p), x clamped at `eps` (Radenovic et al. 2018, https://arxiv.org/abs/1711.02512, eq. 3).

    p = 1 is the mean and p to infinity the maximum, of the real tokens; a row without any gives `eps`. Computed as
    m (1/n sum_i (x_i / m)^p)^(1/p) with m the maximum, the same number for every m: eps^p alone would be 0 in float32
    from p = 8 on, and its root without a gradient. Halves are raised in float32.
    """
    x = tokens.to(torch.promote_types(tokens.dtype, torch.float32)).clamp(min=eps)
    if real is not None:
        x = x.where(real[..., None], eps)
    top = x.detach().amax(1, keepdim=True)
    powers = (x / top).pow(p)
    mean = powers.mean(1) if real is None else mean_of(powers, real)
    if real is not None:
        mean = mean.where(real.any(1, keepdim=True), 1.0)
    return (top[:, 0] * mean.pow(1 / p)).to(tokens.dtype)


class ClsPool(nn.Module):
    """A prefix token: the first (ViT, DINO, CLIP), or the second (TIPS, whose second class token has read captions)."""

    def __init__(self, token: int = 0) -> None:
        super().__init__()
        self.token = token

    def forward(self, tokens: Tokens, prefix: Prefix, real: Real = None) -> Float[Tensor, "b d"]:
        return prefix[:, self.token]

    def each(self, tokens: Tokens) -> Tokens:
        """The tokens themselves: the class token is read as it is, and they went through the same last norm.

        Not what the class token makes of a token alone, which the blocks before decide: an approximation.
        """
        return tokens


class MeanPool(nn.Module):
    """The mean of the real patch tokens (GAP), after the last norm as in big_vision."""

    def forward(self, tokens: Tokens, prefix: Prefix, real: Real = None) -> Float[Tensor, "b d"]:
        return tokens.mean(1) if real is None else mean_of(tokens, real)

    def each(self, tokens: Tokens) -> Tokens:
        """The tokens themselves: the mean of one."""
        return tokens


class GemPool(nn.Module):
    """The generalised mean of the real patch tokens, its `p` learned, one for the tower.

    It was made for maps after a ReLU. Tokens after a LayerNorm are negative half the time, and what is negative is
    `EPS` here: half of each token is read.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = tag(nn.Parameter(torch.tensor(float(p))), "no_decay")

    def forward(self, tokens: Tokens, prefix: Prefix, real: Real = None) -> Float[Tensor, "b d"]:
        return generalized_mean(tokens, self.p, real)

    def each(self, tokens: Tokens) -> Tokens:
        """The tokens, clamped: the generalised mean of one, whatever `p`."""
        return tokens.clamp(min=EPS)


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

    def each(self, tokens: Tokens) -> Tokens:
        """y_i = proj(v(x_i));  y_i + MLP(LN y_i): of a single key attention gives its value, whatever the probe asks.

        Of one token alone: registers, which the probe sees too, are left out.
        """
        d = tokens.shape[-1]
        # the fused weight by rows: keys, then values
        y = self.proj(F.linear(tokens, self.kv.weight[d:], self.kv.bias[d:]))
        return y + self.mlp(self.norm(y))
