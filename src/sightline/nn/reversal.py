"""A layer that turns gradients round: what follows learns to tell something, what comes before to hide it.

    forward: x,     backward: -lambda g

Ganin and Lempitsky 2015, "Unsupervised domain adaptation by backpropagation" (https://arxiv.org/abs/1409.7495, eq. 10).
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable


def reversed_gradient(x: Float[Tensor, "*s"], strength: float | Tensor) -> Float[Tensor, "*s"]:
    """x itself, whose gradient is that of what follows, times -`strength`."""
    return _Reversal.apply(x, float(strength))  # pyright: ignore[reportReturnType]


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # once_differentiable hides the names
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor, None]:
        return -ctx.strength * grad_outputs[0], None
