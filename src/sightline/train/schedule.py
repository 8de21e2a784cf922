"""Learning rates: how they grow with the batch, and schedules, pure functions of (step, total) that give a factor."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class WarmupCosine:
    """Linear warm-up from 0, then half a cosine down to `floor` (Loshchilov & Hutter 2017, without restarts)."""

    warmup: int = 100
    """steps; never more than a tenth of the run, so that short runs still learn"""
    floor: float = 0.0
    """last factor, in [0, 1]"""

    def factor(self, step: int, total: int) -> float:
        warmup = min(self.warmup, total // 10)
        if step < warmup:
            return (step + 1) / warmup
        progress = (step - warmup) / max(1, total - warmup)
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


@dataclass(frozen=True, kw_only=True)
class Constant:
    """Linear warm-up from 0, then the recipe's rate to the end."""

    warmup: int = 0

    def factor(self, step: int, total: int) -> float:
        return min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0


Schedule = WarmupCosine | Constant


def linear_rate(base: float, batch: int) -> float:
    """base * batch / 256 (Goyal et al. 2017), as SimCLR, DINO, iBOT and MAE give their rates."""
    return base * batch / 256


def root_rate(base: float, batch: int) -> float:
    """base * sqrt(batch / 1024), DINOv2's rule."""
    return base * math.sqrt(batch / 1024)
