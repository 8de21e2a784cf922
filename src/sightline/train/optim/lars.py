r"""Momentum SGD whose step has a length of its own in every tensor (LARS).

You, Gitman & Ginsburg 2017, https://arxiv.org/abs/1708.03888, algorithm 1, for tensor w with gradient g:

    u = g + beta w,    lambda = eta |w| / |u|   (1 where either is 0, and for tensors that are not adapted)
    v <- m v + gamma lambda u,    w <- w - v

Departure: |u| below the fraction line, as in SimCLR's and BYOL's code, where the paper has |g| + beta |w|. The rate
gamma is inside the velocity, as in the paper and SimCLR; BYOL's code has it outside, which differs while it changes.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class LayerwiseSGD(torch.optim.Optimizer):
    """See the module. A group's `trust` is eta; None for a group that is not adapted."""

    def __init__(self, params: Iterable[dict[str, Any]], *, lr: float, momentum: float) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": 0.0, "trust": None})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One update of every parameter that has a gradient."""
        assert closure is None, "the loop has its own backward"
        for group in self.param_groups:
            for w in group["params"]:
                if w.grad is None:
                    continue
                update = w.grad + group["weight_decay"] * w if group["weight_decay"] else w.grad
                rate = group["lr"] * (1.0 if group["trust"] is None else ratio(w, update, group["trust"]))
                state = self.state[w]
                if "velocity" not in state:
                    state["velocity"] = torch.zeros_like(w)
                w.sub_(state["velocity"].mul_(group["momentum"]).add_(update * rate))


def ratio(w: Tensor, update: Tensor, trust: float) -> Tensor:
    """lambda of the module's equation, a scalar that stays on the device."""
    long, wide = torch.linalg.vector_norm(w), torch.linalg.vector_norm(update)
    return torch.where((long > 0) & (wide > 0), trust * long / wide, torch.ones_like(long))
