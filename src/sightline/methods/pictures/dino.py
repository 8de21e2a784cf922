r"""DINO: self-distillation with no labels (Caron et al. 2021, https://arxiv.org/abs/2104.14294).

    L = 1/(2(V - 1)) sum_{t in 2 global} sum_{s != t} H( P_t, z_s ),   P_t = softmax((z_t - c) / tau_t),  tau_s = 0.1

A teacher, the running average of the student, says for two large crops which prototypes they show; the student must say
the same of every other crop, small ones among them. `c` (nn/state/centering.py) keeps one prototype from winning, the
low tau_t keeps the answer from being uniform: without either everything collapses. Kept is the teacher's tower.
Departures: temperature and freezing are scheduled by share of the run, step by step, where the code counts epochs;
a teacher's BatchNorms (the ResNet) keep their own statistics, its drop path is off; BatchNorms are over all ranks;
class token, positions, mask token and the prototypes' norms are not decayed, as nowhere here (`nn/tag.py`), where the
released code decays them.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.losses.distillation import cross_view
from sightline.methods.parts.targets import Centering, Targets
from sightline.methods.parts.teaching import GLOBALS, Head, StudentTeacher, Teaching, by_size
from sightline.nn.head import width
from sightline.protocols import Batch, Kept, Losses


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


class DINO(nn.Module):
    """Any tower with a pooled vector: a ViT's class token, a ResNet's mean."""

    needs = frozenset({"image", "views"})
    uses = frozenset[str]()

    def __init__(self, tower: nn.Module, config: Config = Config()) -> None:
        super().__init__()
        self.config = config
        self.pair = StudentTeacher(Student(tower, config.head.build(width(tower))), config.teaching)
        self.targets = config.targets.build(config.head.prototypes)
        self.watched: dict[str, Tensor] = {}

    @property
    def needs_whole_batch(self) -> str:
        """Why a batch cannot be learned from in parts, where it cannot."""
        return self.config.targets.needs_whole_batch

    def check(self, batch_size: int) -> None:
        """ValueError where a batch of so many pictures, over all devices, cannot balance or center the prototypes."""
        self.config.targets.check(self.config.head.prototypes, batch_size)

    def forward(self, batch: Batch) -> Losses:
        """{"cls"}; the first two of the image and its views are the global ones."""
        views, b = [batch["image"], *batch["views"]], len(batch["image"])
        _, raw = self.pair.teacher(list(by_size(views[:GLOBALS])))
        pooled, logits = self.pair.student(list(by_size(views)))
        raw, logits = raw.unflatten(0, (-1, b)), logits.unflatten(0, (-1, b))
        targets, temperature = self.targets(raw, self.pair.temperature), self.config.teaching.student_temperature
        self.targets.observe(raw)
        loss = cross_view(targets, logits, temperature)
        self.watched = {
            "image": pooled[:b].detach(),
            "teacher": targets[0].clone(),  # a view would keep the others until the next step
            "student": logits[1].detach().float() / temperature,
        }
        return {"cls": loss}

    def before_step(self, step: int, total: int) -> None:
        """Temperature, momentum, and whether the prototypes learn."""
        self.pair.before_step(step, total)

    def after_step(self) -> None:
        """The teacher follows, then the center: it was used as it stood."""
        self.pair.after_step()
        self.targets.update()

    def kept(self) -> Kept:
        """The teacher's tower: better than the student's all through training."""
        return Kept(parts={"image": self.pair.teacher_model.tower}, capabilities=("embeds",))
