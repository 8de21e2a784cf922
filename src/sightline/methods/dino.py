r"""DINO: self-distillation with no labels (Caron et al. 2021, https://arxiv.org/abs/2104.14294).

    L = 1/(2(V - 1)) sum_{t in 2 global} sum_{s != t} H( P_t, z_s ),   P_t = softmax((z_t - c) / tau_t),  tau_s = 0.1

A teacher, the running average of the student, says for two large crops which prototypes they show; the student must say
the same of every other crop, small ones among them. `c` (nn/centering.py) keeps one prototype from winning, the low
tau_t keeps the answer from being uniform: without either everything collapses. What is kept is the teacher's tower.
Departures: temperature and freezing are scheduled by share of the run, step by step, where the code counts epochs;
a teacher's BatchNorms (the ResNet) keep their own statistics, its drop path is off; BatchNorms are over all ranks.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.losses.distillation import cross_view
from sightline.methods.distilled import Distilled
from sightline.methods.targets import Centering, Targets, log_probabilities
from sightline.methods.teaching import GLOBALS, Head, Teaching, by_size
from sightline.nn.head import width
from sightline.nn.sync_norm import across_ranks
from sightline.protocols import Batch, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's by default."""

    head: Head = Head()
    teaching: Teaching = Teaching()
    targets: Targets = Centering()


class Student(nn.Module):
    """A tower and the head on its pooled vector."""

    def __init__(self, tower: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.tower, self.head = tower, head

    def forward(self, views: list[Float[Tensor, "_ c _ _"]]) -> tuple[Float[Tensor, "r d"], Float[Tensor, "r k"]]:
        """(pooled vectors, logits) of all views, in order."""
        pooled = torch.cat([self.tower(view).pooled for view in views])
        return pooled, self.head(pooled)


class DINO(Distilled):
    """Any tower with a pooled vector: a ViT's class token, a ResNet's mean."""

    needs = frozenset({"image", "views"})

    def __init__(self, tower: nn.Module, config: Config = Config()) -> None:
        super().__init__(Student(tower, config.head.build(width(tower))), config, config.head.prototypes)
        across_ranks(self)

    def forward(self, batch: Batch) -> Losses:
        """{"cls"}; the first two of the image and its views are the global ones."""
        views, b = [batch["image"], *batch["views"]], len(batch["image"])
        _, raw = self.pair.teacher(list(by_size(views[:GLOBALS])))
        pooled, logits = self.pair.student(list(by_size(views)))
        raw, logits = raw.unflatten(0, (-1, b)), logits.unflatten(0, (-1, b))
        said, temperature = self.targets(raw, self.pair.temperature), self.config.teaching.student_temperature
        self.targets.observe(raw)
        loss = cross_view(said, logits, temperature)
        self.watched = {
            "image": pooled[:b].detach(),
            "teacher": said[0],
            "student": log_probabilities(logits[1], temperature),
        }
        return {"cls": loss}
