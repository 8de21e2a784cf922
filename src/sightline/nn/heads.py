"""Heads between a tower and a loss, thrown away after training: SimCLR's, BYOL's and DINO's.

A linear map before a BatchNorm has no bias, because the norm would take it out again.
"""

from collections.abc import Callable
from math import sqrt

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.head import unit
from sightline.nn.tag import tag
from sightline.nn.transformer import truncated_normal


class SimCLRHead(nn.Sequential):
    """Linear, BN, ReLU, Linear, BN (Chen et al. 2020, section 4.2; the BN after the output is the released code's)."""

    def __init__(self, dim: int, hidden: int, out: int) -> None:
        super().__init__(
            nn.Linear(dim, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, out, bias=False),
            nn.BatchNorm1d(out),
        )


class BYOLHead(nn.Sequential):
    """Linear, BN, ReLU, Linear (Grill et al. 2020, section 3.3): the projection and the prediction."""

    def __init__(self, dim: int, hidden: int, out: int) -> None:
        super().__init__(
            nn.Linear(dim, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, out),
        )


class UnitPrototypes(nn.Module):
    """x -> cosines with `count` learned directions: a weight-normed linear map whose norms stay 1 (DINO).

    `open` is 1 where gradients reach the prototypes and 0 where they are frozen (DINO's first epoch); frozen ones still
    get a gradient, of zeros, so that every rank sees every parameter used. Logits are float32 under autocast too: at a
    temperature of 0.04 the eight bits of bfloat16 are not enough.
    """

    open: Tensor

    def __init__(self, dim: int, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(count, dim))
        nn.init.kaiming_uniform_(self.weight, a=sqrt(5))  # nn.Linear's own, which the released code leaves it at
        self.register_buffer("open", torch.ones(()))

    def rows(self) -> Float[Tensor, "k d"]:
        """The prototypes as they enter the product."""
        held = self.weight.detach()
        return unit(held + self.open * (self.weight - held))

    def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b k"]:
        with torch.autocast(x.device.type, enabled=False):
            rows = self.rows()
            return F.linear(x.to(rows.dtype), rows)


class ScaledPrototypes(UnitPrototypes):
    """The same with a learned norm each, started at 1 (DINOv2)."""

    def __init__(self, dim: int, count: int) -> None:
        super().__init__(dim, count)
        self.gain = tag(nn.Parameter(torch.ones(count, 1)), "no_decay")

    def rows(self) -> Float[Tensor, "k d"]:
        held = self.gain.detach()
        return (held + self.open * (self.gain - held)) * super().rows()


class DINOHead(nn.Module):
    """x -> logits over `count` prototypes: a GELU MLP of three layers, its output on the unit sphere, `last`
    (Caron et al. 2021, https://arxiv.org/abs/2104.14294, section 3.1 and appendix C).
    """

    def __init__(
        self,
        dim: int,
        count: int,
        *,
        hidden: int = 2048,
        bottleneck: int = 256,
        last: Callable[[int, int], UnitPrototypes] = UnitPrototypes,
    ) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, bottleneck)
        )
        self.mlp.apply(truncated_normal)
        self.last = last(bottleneck, count)

    def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b k"]:
        return self.last(unit(self.mlp(x)))
