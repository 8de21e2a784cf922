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
        decay = min(self.decay, (1 + step) / (10 + step))
        for own, other in zip(self.average.parameters(), module.parameters(), strict=True):
            own.lerp_(other, 1 - decay)
        for own, other in zip(self.average.buffers(), module.buffers(), strict=True):
            own.copy_(other)
