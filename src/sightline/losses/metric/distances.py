r"""How far two vectors are from one another: of every pair of two sets, or row by row.

Names and equations are those of pytorch-metric-learning, but for one thing: it puts vectors on the unit sphere unless
told `normalize_embeddings=False`, and here vectors are compared as they come (a method that wants them there says
`unit`). `CosineSimilarity` is of directions by its definition. Similarities are larger for what is near
(`is_inverted`); `apart` turns them round, so that mining and losses know distances alone.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from sightline.losses.blocks import upcast

Rows = Float[Tensor, "b d"]
Columns = Float[Tensor, "m d"]
All = Float[Tensor, "b m"]
Each = Float[Tensor, "b"]


@dataclass(frozen=True, kw_only=True)
class LpDistance:
    """(sum_k |x_k - y_k|^p)^(power / p). The gradient between equal vectors is 0."""

    p: float = 2.0
    power: float = 1.0
    is_inverted: ClassVar[bool] = False

    def __call__(self, x: Rows, y: Columns) -> All:
        # not by |x|^2 + |y|^2 - 2 x.y, which loses what near vectors differ by
        with torch.autocast(x.device.type, enabled=False):
            d = torch.cdist(upcast(x), upcast(y), p=self.p, compute_mode="donot_use_mm_for_euclid_dist")
        return d if self.power == 1 else d**self.power

    def paired(self, x: Rows, y: Rows) -> Each:
        d = torch.linalg.vector_norm(upcast(x) - upcast(y), ord=self.p, dim=1)
        return d if self.power == 1 else d**self.power


@dataclass(frozen=True, kw_only=True)
class CosineSimilarity:
    """x . y / |x| |y|."""

    is_inverted: ClassVar[bool] = True

    def __call__(self, x: Rows, y: Columns) -> All:
        return DotProductSimilarity()(_unit(x), _unit(y))

    def paired(self, x: Rows, y: Rows) -> Each:
        return DotProductSimilarity().paired(_unit(x), _unit(y))


@dataclass(frozen=True, kw_only=True)
class DotProductSimilarity:
    """x . y."""

    is_inverted: ClassVar[bool] = True

    def __call__(self, x: Rows, y: Columns) -> All:
        with torch.autocast(x.device.type, enabled=False):
            return upcast(x) @ upcast(y).T

    def paired(self, x: Rows, y: Rows) -> Each:
        return (upcast(x) * upcast(y)).sum(1)


@dataclass(frozen=True, kw_only=True)
class SNRDistance:
    """var(x - y) / var(x), x the anchor: noise over signal (Yuan et al. 2019, https://arxiv.org/abs/1904.02616).

    Not symmetric. A (b, m, d) tensor is made: for batches of hundreds.
    """

    is_inverted: ClassVar[bool] = False

    def __call__(self, x: Rows, y: Columns) -> All:
        x, y = upcast(x), upcast(y)
        return (x[:, None] - y).var(2) / x.var(1)[:, None]

    def paired(self, x: Rows, y: Rows) -> Each:
        x, y = upcast(x), upcast(y)
        return (x - y).var(1) / x.var(1)


Distance = LpDistance | CosineSimilarity | DotProductSimilarity | SNRDistance


def apart(distance: Distance, x: Rows, y: Columns) -> All:
    """`distance(x, y)` of every pair, similarities with their sign turned: larger is further."""
    return -distance(x, y) if distance.is_inverted else distance(x, y)


def _unit(x: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
    return F.normalize(upcast(x), dim=1)
