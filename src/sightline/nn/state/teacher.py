"""A teacher: a copy of the student that no gradient reaches and that follows it slowly.

    theta' <- m theta' + (1 - m) theta,    m(t) = 1 - (1 - m0) (cos(pi t / T) + 1) / 2

(Grill et al. 2020, https://arxiv.org/abs/2006.07733, section 3.1; Caron et al. 2021, https://arxiv.org/abs/2104.14294),
after the optimiser's step, over parameters only. BatchNorm statistics are the teacher's own, from its own forward.
Departure from BYOL's code, most ports' too: the teacher starts as a copy of the student, not from another seed.
"""

from copy import deepcopy
from math import cos, pi
from typing import Any

import torch
from torch import nn

from sightline.nn.conv.sync_norm import BATCHNORM
from sightline.nn.state.ema import ema_step


class Teacher(nn.Module):
    """`module`, a frozen copy of the student, called without gradient.

    In training its BatchNorms normalise by the teacher's own batch and keep their own statistics; everything else of it
    stays in evaluation mode, so that no dropout and no drop path reaches a target.
    """

    def __init__(self, student: nn.Module) -> None:
        super().__init__()
        self.module = deepcopy(student).requires_grad_(False)
        self.train()

    def train(self, mode: bool = True) -> "Teacher":
        """Sets the mode of the copy; returns itself."""
        super().train(mode)
        for part in self.module.modules():
            part.training = mode and isinstance(part, BATCHNORM)
        return self

    @torch.no_grad()
    def forward(self, *inputs: Any, **named: Any) -> Any:
        """What the copy gives; called part by part (`teacher.module.head`), the caller turns gradients off."""
        return self.module(*inputs, **named)

    def update(self, student: nn.Module, momentum: float | torch.Tensor) -> None:
        """One step of the average: 1 leaves the teacher as it is, 0 makes it the student."""
        ema_step(self.module, student, float(momentum))


def cosine_momentum(step: int, total: int, start: float) -> float:
    """m(step): `start` at step 0, 1 at step `total`; ValueError for a start outside [0, 1]."""
    if not 0 <= start <= 1:
        raise ValueError(f"a teacher's momentum is between 0 and 1, got {start}; papers start at 0.99 to 0.996")
    return 1 - (1 - start) * (cos(pi * min(step, total) / max(total, 1)) + 1) / 2
