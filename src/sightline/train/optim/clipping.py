"""Gradient clipping: the whole gradient by its norm, or every tensor by its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class EachTensor:
    """Clip every tensor's gradient by its own norm, as DINO's and iBOT's code does."""

    limit: float

    def __post_init__(self) -> None:
        if self.limit <= 0:
            raise ValueError(f"clip: the limit of a tensor's gradient must be above 0, got {self.limit}")


Clip = float | EachTensor
"""the largest norm of the whole gradient (0 leaves it), or that of each tensor"""


@torch.no_grad()
def clip_gradients(parameters: Iterable[Tensor], clip: Clip) -> Tensor:
    """Clips in place. Returns the norm of the whole gradient as it came, a scalar.

    Each tensor: g <- g min(1, limit / (|g| + 1e-6)).
    """
    held = [p for p in parameters if p.grad is not None]
    if not isinstance(clip, EachTensor):
        return whole(torch.nn.utils.clip_grad_norm_(held, clip or float("inf")))
    gradients = [p.grad for p in held if p.grad is not None]
    norm = whole(torch.nn.utils.get_total_norm(gradients))
    for gradient in gradients:
        gradient.mul_((clip.limit / (torch.linalg.vector_norm(gradient) + 1e-6)).clamp(max=1.0))
    return norm


def norm_of(parameters: Iterable[Tensor]) -> Tensor:
    """The norm of the gradients of these parameters, a scalar; 0 where none has one."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    return whole(torch.nn.utils.get_total_norm(gradients)) if gradients else torch.zeros(())


def whole(norm: Any) -> Tensor:
    """The norm over all shards (a collective under FSDP2)."""
    return norm.full_tensor() if hasattr(norm, "full_tensor") else norm
