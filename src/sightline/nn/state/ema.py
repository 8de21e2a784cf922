"""An exponential moving average of a module's weights: a second set of tensors, not a second module in the graph."""

from copy import deepcopy

import torch
from torch import nn


class EMA(nn.Module):
    """theta' <- m theta' + (1 - m) theta over parameters; buffers (BatchNorm statistics) are copied.

    The first steps use min(m, (1 + step) / (10 + step)), so that the random start is forgotten early
    (the rule of TensorFlow's ExponentialMovingAverage with `num_updates`).
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.average = deepcopy(module).requires_grad_(False).eval()

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Moves the average towards the module's weights as they are after step `step`."""
        ema_step(self.average, module, min(self.decay, (1 + step) / (10 + step)))
        for own, other in zip(self.average.buffers(), module.buffers(), strict=True):
            own.copy_(other)


@torch.no_grad()
def ema_step(average: nn.Module, module: nn.Module, momentum: float) -> None:
    """theta' <- m theta' + (1 - m) theta over the parameters of two modules of one shape, in place."""
    for own, other in zip(average.parameters(), module.parameters(), strict=True):
        own.lerp_(other, 1 - momentum)
