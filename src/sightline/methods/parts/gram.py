r"""Gram anchoring around DINOv2: patches keep the likeness an earlier teacher gave them (DINOv3, Simeoni et al. 2025,
https://arxiv.org/abs/2508.10104, section 4).

    L = L_DINOv2 + w L_Gram(student's patches of global views, those of the Gram teacher)

In long trainings class tokens improve while patches lose their place; the term holds the patches. The Gram teacher is
the teacher's tower as it was at `start` of the run, taken anew from the teacher `refreshes` times, `every` apart.
Departures: `start` and `every` are shares of the run (the paper: step 1 M, then 3 times every 10 k); the Gram teacher
sees the same global views, not twice the resolution resampled down.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sightline.losses.gram import gram
from sightline.methods.pictures import dinov2
from sightline.methods.pictures.dinov2 import DINOv2
from sightline.nn.state.teacher import Teacher
from sightline.protocols import Batch, Kept, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """DINOv2's numbers, and those of the anchor."""

    base: dinov2.Config = dinov2.Config()
    weight: float = 2.0
    start: float = 0.4
    """share of the run after which the term counts"""
    every: float = 0.1
    """share of the run between two refreshes"""
    refreshes: int = 3


class WithGram(nn.Module):
    """DINOv2 and one more term, of the same forward."""

    needs = DINOv2.needs
    uses = DINOv2.uses
    numbers = "method.base"
    """where DINOv2's stand"""
    anchored: Tensor

    def __init__(self, method: DINOv2, config: Config = Config()) -> None:
        super().__init__()
        self.config, self.method = config, method
        self.anchor = Teacher(method.pair.teacher_model.tower)
        self.register_buffer("anchored", torch.zeros((), dtype=torch.bool))

    @property
    def needs_whole_batch(self) -> str:
        """DINOv2's."""
        return self.method.needs_whole_batch

    def check(self, batch_size: int) -> None:
        """DINOv2's refusals, by the names its numbers have here."""
        self.method.check(batch_size, self.numbers)

    @property
    def watched(self) -> dict[str, Tensor]:
        """DINOv2's."""
        return self.method.watched

    def forward(self, batch: Batch) -> Losses:
        """DINOv2's terms and, from `start` on, "gram"."""
        seen = self.method.see(batch)
        terms = self.method.losses(seen)
        if self.anchored:
            terms["gram"] = self.config.weight * gram(seen.tokens, self.anchor(seen.images).tokens)
        return terms

    def before_step(self, step: int, total: int) -> None:
        """DINOv2's schedules; at its steps the anchor becomes what the teacher is now."""
        self.method.before_step(step, total)
        config = self.config
        if step in {round((config.start + config.every * i) * total) for i in range(config.refreshes + 1)}:
            self.anchor.update(self.method.pair.teacher_model.tower, 0.0)
            self.anchored.fill_(True)

    def after_step(self) -> None:
        """DINOv2's: the anchor stays."""
        self.method.after_step()

    def kept(self) -> Kept:
        """DINOv2's: the teacher's tower."""
        return self.method.kept()
