"""Optimisers as small typed specs; each builds torch's fused kernel over the parameter groups of `nn.tag`."""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import nn

from sightline.nn.tag import groups

Names = Collection[str]
"""the parameters that weight decay applies to, as `nn.tag.decayed` lists them"""


@dataclass(frozen=True, kw_only=True)
class AdamW:
    """Decoupled weight decay (Loshchilov & Hutter 2019); decay touches only tensors of two or more dimensions."""

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-6
    weight_decay: float = 0.2

    def build(self, method: nn.Module, names: Names) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            groups(method, self.weight_decay, names), lr=self.lr, betas=self.betas, eps=self.eps, fused=True
        )


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Kingma & Ba 2015, no decay."""

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def build(self, method: nn.Module, names: Names) -> torch.optim.Optimizer:
        return torch.optim.Adam(groups(method, 0.0, names), lr=self.lr, betas=self.betas, eps=self.eps, fused=True)


@dataclass(frozen=True, kw_only=True)
class SGD:
    """Momentum SGD, as the convolutional networks of the 2010s were trained."""

    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4

    def build(self, method: nn.Module, names: Names) -> torch.optim.Optimizer:
        return torch.optim.SGD(
            groups(method, self.weight_decay, names), lr=self.lr, momentum=self.momentum, nesterov=True, fused=True
        )


Optimizer = AdamW | Adam | SGD


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Every group's learning rate := `rate` times the group's own `scale` (1 unless a recipe set one)."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("scale", 1.0)
