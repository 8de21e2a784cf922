"""What a run measures on held-out samples, and what that decides: which weights are kept, when it stops."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, is_dataclass
from typing import Literal

from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.usual import USUAL
from sightline.train.recipe.guard import Guard

__all__ = ["METRIC", "Evaluation", "Guard"]

METRIC = "text_to_image_r10"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What is measured on held-out samples while training, and what that decides."""

    every: int = 0
    """steps between evaluations; 0 measures once, at the end"""
    metric: str = METRIC
    """decides which weights are kept and when to stop: one of the probes' metrics"""
    keep: Literal["last", "best"] = "last"
    patience: int = 0
    """evaluations without a better `metric` before the run stops; 0 never stops early"""
    samples: int = 2000
    """at most this many held-out samples"""
    probes: tuple[Probe, ...] = USUAL
    """what is measured (`probes/heldout`); each where model and data have what it needs"""
    guard: Guard | None = None
    """what must not be forgotten of the encoder that the run begins from; None guards nothing"""

    def __post_init__(self) -> None:
        for name in ("every", "patience"):
            if getattr(self, name) < 0:
                raise ValueError(f"evaluation.{name} must be 0 or more, got {getattr(self, name)}")
        if self.samples < 1:
            raise ValueError(f"evaluation.samples must be at least 1, got {self.samples}")
        _check(self.probes)

    @property
    def metrics(self) -> tuple[str, ...]:
        """What `metric` may be, the short names first."""
        return tuple(sorted((metric for probe in self.probes for metric in probe.metrics), key=len))

    @property
    def deciding(self) -> Probe | None:
        """The probe that `metric` is a score of; None where it is none's."""
        return next((probe for probe in self.probes if self.metric in probe.metrics), None)

    @property
    def decides(self) -> bool:
        """Whether what is kept, or when the run stops, depends on `metric`."""
        return self.keep == "best" or self.patience > 0

    @property
    def lower(self) -> bool:
        """Whether the lower value of `metric` is the better one."""
        return self.deciding is not None and self.metric in self.deciding.lower

    def better(self, value: float, best: float | None) -> bool:
        """Whether a value of `metric` is better than the best so far, None where there is none."""
        if best is None:
            return True
        return value < best if self.lower else value > best


def _check(probes: Sequence[Probe]) -> None:
    strangers = [p for p in probes if isinstance(p, type) or not (is_dataclass(p) and isinstance(p, Probe))]
    if strangers:
        raise ValueError(
            f"evaluation.probes has {strangers[0]!r}; a probe is an instance of a frozen dataclass that inherits "
            "sightline.probes.heldout.probe.Probe, such as RankMe()"
        )
    if not probes:
        raise ValueError("evaluation.probes is empty; give at least one, such as HeldOutLoss() or RankMe()")
    twice = [metric for metric, count in Counter(m for probe in probes for m in probe.metrics).items() if count > 1]
    if twice:
        raise ValueError(
            f"evaluation.probes has two probes that score {twice[0]}; give one of them another name, as in "
            'KNNProbe(k=5, name="knn5")'
        )
