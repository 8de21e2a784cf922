"""Optimisers as small typed specs; each builds torch's fused kernel, or ours, over the groups of `nn.tag`.

`build(method, names, only)` takes the names of the decayed parameters and, where several optimisers share a method
(train/optim/several.py), of those that this one has. `moments` names what it keeps of every parameter: optimisers that
keep the same go on with each other's in the next phase of a run.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from sightline.nn.tag import groups
from sightline.train.optim.lars import LayerwiseSGD

Names = Collection[str]
"""the parameters that weight decay applies to, as `nn.tag.decayed` lists them"""


def check_numbers(spec: Any) -> None:
    """ValueError for a rate, decay or average that no optimiser can use; nan is none of them."""
    if not 0 < spec.lr < math.inf:
        raise ValueError(f"optim.lr is {spec.lr}; it must be finite and positive")
    for name in ("weight_decay", "final_weight_decay", "eps", "trust"):
        if (value := getattr(spec, name, None)) is not None and not 0 <= value < math.inf:
            raise ValueError(f"optim.{name} is {value}; it must be finite, and 0 or more")
    for name in ("betas", "momentum"):
        value = getattr(spec, name, 0.0)
        if not all(0 <= one < 1 for one in (value if isinstance(value, tuple) else (value,))):
            raise ValueError(f"optim.{name} is {value}; each is at least 0 and less than 1")


@dataclass(frozen=True, kw_only=True)
class AdamW:
    """Decoupled weight decay (Loshchilov & Hutter 2019); decay touches only tensors of two or more dimensions."""

    moments: ClassVar[tuple[str, ...]] = ("exp_avg", "exp_avg_sq")
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-6
    weight_decay: float = 0.2
    final_weight_decay: float | None = None
    """where half a cosine leads the decay by the last step (DINO: .04 to .4); None leaves it as it is"""

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.final_weight_decay is not None and self.weight_decay <= 0:
            raise ValueError(
                f"weight_decay is {self.weight_decay} and final_weight_decay {self.final_weight_decay}: a schedule "
                "starts from a decay above 0, for instance 0.04"
            )

    def build(self, method: nn.Module, names: Names, only: Names | None = None) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            groups(method, self.weight_decay, names, only), lr=self.lr, betas=self.betas, eps=self.eps, fused=True
        )


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Kingma & Ba 2015, no decay."""

    moments: ClassVar[tuple[str, ...]] = ("exp_avg", "exp_avg_sq")
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def __post_init__(self) -> None:
        check_numbers(self)

    def build(self, method: nn.Module, names: Names, only: Names | None = None) -> torch.optim.Optimizer:
        return torch.optim.Adam(
            groups(method, 0.0, names, only), lr=self.lr, betas=self.betas, eps=self.eps, fused=True
        )


@dataclass(frozen=True, kw_only=True)
class SGD:
    """SGD with plain momentum, as the convolutional networks of the 2010s were trained."""

    moments: ClassVar[tuple[str, ...]] = ("momentum_buffer",)
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4

    def __post_init__(self) -> None:
        check_numbers(self)

    def build(self, method: nn.Module, names: Names, only: Names | None = None) -> torch.optim.Optimizer:
        parts = groups(method, self.weight_decay, names, only)
        return _begun(torch.optim.SGD(parts, lr=self.lr, momentum=self.momentum, fused=_whole(method)))


@dataclass(frozen=True, kw_only=True)
class Nesterov:
    """SGD whose gradient is taken where the momentum leads (Sutskever et al. 2013)."""

    moments: ClassVar[tuple[str, ...]] = ("momentum_buffer",)
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4

    def __post_init__(self) -> None:
        check_numbers(self)

    def build(self, method: nn.Module, names: Names, only: Names | None = None) -> torch.optim.Optimizer:
        parts = groups(method, self.weight_decay, names, only)
        return _begun(torch.optim.SGD(parts, lr=self.lr, momentum=self.momentum, nesterov=True, fused=_whole(method)))


@dataclass(frozen=True, kw_only=True)
class LARS:
    """You, Gitman & Ginsburg 2017: SimCLR's and BYOL's optimiser for batches of thousands (train/optim/lars.py)."""

    moments: ClassVar[tuple[str, ...]] = ("velocity",)
    lr: float = 0.3
    momentum: float = 0.9
    weight_decay: float = 1e-6
    trust: float = 1e-3
    """eta: the length of a step as a share of the tensor's own length, at a learning rate of 1"""

    def __post_init__(self) -> None:
        check_numbers(self)

    def build(self, method: nn.Module, names: Names, only: Names | None = None) -> torch.optim.Optimizer:
        parts = groups(method, 1.0, names, only)
        for part in parts:  # biases, norms and what else is not decayed is not adapted either
            part["trust"] = self.trust if part["weight_decay"] else None
            part["weight_decay"] *= self.weight_decay
        return LayerwiseSGD(parts, lr=self.lr, momentum=self.momentum)


Optimizer = AdamW | Adam | SGD | Nesterov | LARS


def _begun(optimizer: torch.optim.SGD) -> torch.optim.SGD:
    """With momenta of zeros, as the first step would find them: torch's fused kernel takes one of every parameter or of
    none, and a parameter may get its first gradient after the others."""
    for group in optimizer.param_groups:
        for parameter in group["params"] if group["momentum"] else ():
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimizer


def _whole(method: nn.Module) -> bool:
    """Whether no weight is in shards (FSDP2), of which torch's fused SGD knows nothing."""
    from sightline.train.parallel import sharded  # its imports take long, and every list of recipes names optimisers

    return not sharded(method)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Every group's learning rate := `rate` times the group's own `scale` (1 unless a recipe set one)."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("scale", 1.0)


def set_decay(optimizer: torch.optim.Optimizer, spec: Optimizer, step: int, total: int) -> None:
    """The decayed group's decay at `step` of `total`, where the spec has a schedule for it."""
    if not isinstance(spec, AdamW) or spec.final_weight_decay is None:
        return
    first, last = spec.weight_decay, spec.final_weight_decay
    decay = last + (first - last) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, total))))
    for group in optimizer.param_groups:
        # the other group's decay is 0 for good; this one's is above 0 at every step but perhaps the last
        if group["weight_decay"] > 0:
            group["weight_decay"] = decay
