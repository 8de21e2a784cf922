"""From a tower's width to the joint space, and onto its unit sphere."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class Projection(nn.Linear):
    """CLIP's bias-free matrix into the joint space, started at N(0, 1/dim)."""

    def __init__(self, dim: int, out: int) -> None:
        super().__init__(dim, out, bias=False)
        nn.init.normal_(self.weight, std=dim**-0.5)


class ClassHead(nn.Linear):
    """Logits of classes that have `names`, started at N(0, 0.01) and 0."""

    def __init__(self, dim: int, names: Sequence[str]) -> None:
        super().__init__(dim, len(names))
        self.names = tuple(names)
        nn.init.normal_(self.weight, std=0.01)
        nn.init.zeros_(self.bias)


def unit(x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
    """x / |x| in float32 or better: in bf16 the norm alone would be wrong in the third digit."""
    return F.normalize(x if x.dtype == torch.float64 else x.float(), dim=-1)


def width(tower: nn.Module) -> int:
    """The width of what a tower returns, its `dim`; TypeError for a module that does not tell."""
    dim = getattr(tower, "dim", None)
    if not isinstance(dim, int):
        raise TypeError(f"{type(tower).__name__} has no `dim`: a tower tells the width of what it returns")
    return dim
