"""A slowly moving teacher names the target's pictures, and the student learns those names that it is sure of.

    L = L_class(source) + weight / m sum_j 1[ max q_j >= threshold ] CE( argmax q_j, p( x'_j ) )
    q_j = softmax( teacher(x_j) ),     theta' <- a theta' + (1 - a) theta,     x, x' two views of a target picture

Mean teacher (Tarvainen and Valpola 2017, https://arxiv.org/abs/1703.01780, section 2) with the confidence threshold of
French, Mackiewicz and Fisher 2018, "Self-ensembling for visual domain adaptation" (https://arxiv.org/abs/1706.05208,
section 3.3) and hard names as in FixMatch (Sohn et al. 2020, https://arxiv.org/abs/2001.07685, eq. 4). As French's, the
student normalises each domain by its own batch, and the teacher sees the target alone; it is what is kept.
Departures: French compares probabilities by squares and balances classes; both views are of the recipe's one kind.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.methods.parts.adapting import Adapting
from sightline.nn.state.teacher import Teacher
from sightline.protocols import Batch, Kept, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method."""

    threshold: float = 0.95
    """how sure the teacher must be of a name; FixMatch's, French's is 0.968"""
    weight: float = 1.0
    """of the target's term"""
    momentum: float = 0.99
    """of the teacher"""

    def __post_init__(self) -> None:
        if not (0 <= self.threshold <= 1 and 0 <= self.momentum <= 1 and self.weight >= 0):
            raise ValueError(
                f"threshold and momentum are between 0 and 1, weight is 0 or more; got {self.threshold}, "
                f"{self.momentum} and {self.weight}"
            )


def pseudo_label_loss(
    student: Float[Tensor, "b k"], teacher: Float[Tensor, "b k"], threshold: float
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """The target's term, from logits of both, and the share of pictures that had a name."""
    sure, name = teacher.float().softmax(1).max(1)
    known = (sure >= threshold).to(student.dtype)
    each = F.cross_entropy(student.float(), name, reduction="none")
    return (known * each).mean(), known.mean()


class SelfTraining(Adapting):
    """See the module."""

    needs = frozenset({"image", "views", "label", "domain"})

    def __init__(self, image: nn.Module, classes: nn.Linear, config: Config = Config()) -> None:
        super().__init__(image, classes, config)
        self.teacher = Teacher(nn.ModuleDict({"image": image, "classes": classes}))

    def forward(self, batch: Batch) -> Losses:
        """{"class", "target"}."""
        source = batch["domain"] == 0
        first, second = batch["image"], batch["views"][0]
        named = self.taught(first[~source])
        target, share = pseudo_label_loss(self.logits(second[~source]), named, self.config.threshold)
        self.watched["named"] = share.detach()
        return {"class": self.judged(self.logits(first[source]), batch), "target": self.config.weight * target}

    @torch.no_grad()
    def taught(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b k"]:
        """The teacher's logits."""
        model: Any = self.teacher.module
        return model["classes"](model["image"](image).pooled)

    def after_step(self) -> None:
        """The teacher follows tower and head."""
        self.teacher.update(nn.ModuleDict({"image": self.image, "classes": self.classes}), self.config.momentum)

    def kept(self) -> Kept:
        """The teacher's tower and head."""
        model: Any = self.teacher.module
        return Kept(parts=dict(model.items()), capabilities=super().kept().capabilities)
