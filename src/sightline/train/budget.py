"""`--dry-run`: what a run will cost, from its parts and a few measured steps."""

import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sightline.train.recipe.recipe import Recipe


@dataclass(frozen=True)
class Budget:
    parameters: int
    trainable: int
    state_bytes: int
    """weights, gradients, optimiser moments and average"""
    peak_bytes: int
    """highest memory of the process (CPU) or of the device's allocator (CUDA) seen during the measured steps"""
    flops: float
    """of one step: forward and backward, multiply-adds counted as two"""
    seconds: float
    """of one step, the median of the measured ones"""
    steps: int

    @property
    def hours(self) -> float:
        return self.seconds * self.steps / 3600

    def lines(self) -> list[str]:
        return [
            f"parameters     {self.parameters / 1e6:.2f} M ({self.trainable / 1e6:.2f} M trained)",
            f"memory         {self.state_bytes >> 20} MiB of state, {self.peak_bytes / 2**30:.2f} GiB at the peak",
            f"work           {self.flops / 1e9:.1f} GFLOP a step, {self.flops / self.seconds / 1e9:.0f} GFLOP/s",
            f"time           {self.seconds * 1e3:.0f} ms a step, {self.steps} steps: {self.hours:.2f} hours",
        ]


def measure(method: nn.Module, recipe: Recipe, step: Callable[[int], float], *, total: int, device: str) -> Budget:
    """Counts the FLOPs of step 0, then times four more; `step(i)` runs step i and returns its seconds."""
    counter = FlopCounterMode(display=False)
    with counter:
        step(0)
    times = sorted(step(i) for i in range(1, 5))
    weights = sum(p.numel() * p.element_size() for p in method.parameters())
    trainable = sum(p.numel() for p in method.parameters() if p.requires_grad)
    moments = len(recipe.optim.moments)
    peak = (
        torch.cuda.max_memory_allocated()
        if device == "cuda"
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    )
    return Budget(
        parameters=sum(p.numel() for p in method.parameters()),
        trainable=trainable,
        state_bytes=weights * (2 if recipe.ema else 1) + trainable * 4 * (1 + moments),
        peak_bytes=peak,
        flops=float(counter.get_total_flops()),
        seconds=times[len(times) // 2],
        steps=total,
    )


def together(phases: Sequence[Budget]) -> Budget:
    """The budget of a run of these phases: the most memory of any, work and time of a step on the average."""
    steps = sum(one.steps for one in phases)
    return Budget(
        parameters=max(one.parameters for one in phases),
        trainable=max(one.trainable for one in phases),
        state_bytes=max(one.state_bytes for one in phases),
        peak_bytes=max(one.peak_bytes for one in phases),
        flops=sum(one.flops * one.steps for one in phases) / steps,
        seconds=sum(one.seconds * one.steps for one in phases) / steps,
        steps=steps,
    )
