"""Learning rates: how they grow with the batch, and schedules, pure functions of (step, total) that give a factor."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class WarmupCosine:
    """Linear warm-up from 0, then half a cosine down to `floor` (Loshchilov & Hutter 2017, without restarts)."""

    warmup: int = 100
    """steps, of a run long enough for them: see `most`"""
    most: float = 0.1
    """share of the run that the warm-up may take, so that a run cut short still learns"""
    floor: float = 0.0
    """last factor, in [0, 1]"""

    def __post_init__(self) -> None:
        _check_warmup(self.warmup)
        if not 0 <= self.floor <= 1:
            raise ValueError(f"schedule.floor is the last factor of the rate, 0 to 1; got {self.floor}")
        _check_share(self.most)

    def factor(self, step: int, total: int) -> float:
        warmup = min(self.warmup, int(total * self.most))
        if step < warmup:
            return (step + 1) / warmup
        progress = (step - warmup) / max(1, total - warmup)
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


@dataclass(frozen=True, kw_only=True)
class Constant:
    """Linear warm-up from 0, then the recipe's rate to the end."""

    warmup: int = 0

    def __post_init__(self) -> None:
        _check_warmup(self.warmup)

    def factor(self, step: int, total: int) -> float:
        return min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0


@dataclass(frozen=True, kw_only=True)
class InverseRoot:
    """Linear warm-up, then the rate falls with the inverse square root of the step (Vaswani et al. 2017, eq. 3).

    Their rate, width^-.5 min(step^-.5, step warmup^-1.5), has its peak (width * warmup)^-.5 at the end of the warm-up:
    that is the recipe's rate, factor 1.
    """

    warmup: int = 4000
    """steps, of a run long enough for them: see `most`"""
    most: float = 0.25
    """share of the run that the warm-up may take, so that a run cut short still learns"""

    def __post_init__(self) -> None:
        _check_warmup(self.warmup)
        _check_share(self.most)

    def factor(self, step: int, total: int) -> float:
        warmup = max(1, min(self.warmup, int(total * self.most)))
        return min((step + 1) / warmup, math.sqrt(warmup / (step + 1)))


@dataclass(frozen=True, kw_only=True)
class CosineTail:
    """The end of a run's half cosine, from the share `begin` of it on, stretched over the whole of another run: what is
    learnt last, for longer (SigLIP 2's NaFlex: the last tenth 3.75 times as long)."""

    begin: float = 0.9
    warmup: int = 0
    """steps up to it: the new run's optimiser has no moments yet"""

    def __post_init__(self) -> None:
        _check_warmup(self.warmup)
        if not 0 <= self.begin < 1:
            raise ValueError(f"schedule.begin is a share of the run that came before, 0 to under 1; got {self.begin}")

    def factor(self, step: int, total: int) -> float:
        progress = self.begin + (1 - self.begin) * min(1.0, step / max(1, total))
        return min(1.0, (step + 1) / (self.warmup + 1)) * 0.5 * (1 + math.cos(math.pi * progress))


@dataclass(frozen=True, kw_only=True)
class Halving:
    """The rate is halved every `every` steps (prototypical networks: every 2000 episodes)."""

    every: int

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"schedule.every is a number of steps, 1 or more; got {self.every}")

    def factor(self, step: int, total: int) -> float:
        return 0.5 ** (step // self.every)


@dataclass(frozen=True, kw_only=True)
class Stairs:
    """The rate is divided by ten at each of the shares `at` of the run: of 90 epochs at the 30th, 60th and 80th, as
    convolutional networks were trained (He et al. 2015, section 3.4, where the error stood still)."""

    at: tuple[float, ...] = (1 / 3, 2 / 3, 8 / 9)

    def __post_init__(self) -> None:
        if any(not 0 < share < 1 for share in self.at):
            raise ValueError(f"schedule.at are shares of the run, between 0 and 1; got {self.at}")

    def factor(self, step: int, total: int) -> float:
        return 0.1 ** sum(step >= share * total for share in self.at)


Schedule = WarmupCosine | Constant | InverseRoot | CosineTail | Halving | Stairs


def _check_warmup(steps: int) -> None:
    if steps < 0:
        raise ValueError(f"schedule.warmup is a number of steps, 0 or more; got {steps}")


def _check_share(most: float) -> None:
    if not 0 <= most <= 1:
        raise ValueError(f"schedule.most is the share of the run that may be warm-up, 0 to 1; got {most}")


def linear_rate(base: float, batch: int) -> float:
    """base * batch / 256 (Goyal et al. 2017), as SimCLR, DINO, iBOT and MAE give their rates."""
    return base * batch / 256


def root_rate(base: float, batch: int) -> float:
    """base * sqrt(batch / 1024), DINOv2's rule."""
    return base * math.sqrt(batch / 1024)
