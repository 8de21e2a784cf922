"""A teacher beside a loss on words: the running average of a tower that something else trains, and of heads on it.

    theta' <- m theta' + (1 - m) theta

What SILC, TIPS and SigLIP 2 share. The student's tower belongs to the method, where its other losses read it; here are
the teacher's copy of it, the heads of either and the numbers that move. The momentum stays what it is: one that grows
to 1 (DINO's) would keep from the teacher what the words go on teaching (Naeem et al. 2023,
https://arxiv.org/abs/2310.13355). The terms themselves are functions: `consistency.py`.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.methods.parts.targets import Targets
from sightline.methods.parts.teaching import Head, TeacherSchedule, open_prototypes
from sightline.nn.state.teacher import Teacher
from sightline.protocols import Features

Temperatures = tuple[Tensor, float]
"""the teacher's of this step, and the student's"""


@dataclass(frozen=True, kw_only=True)
class Following(TeacherSchedule):
    """The teacher's speed, which stays, and both temperatures."""

    momentum: float = 0.996

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.momentum <= 1:
            raise ValueError(f"a teacher's momentum is between 0 and 1, got {self.momentum}; 0.99 to 0.996 are usual")


class Heads(nn.Module):
    """The student's head of one term, the teacher's, which follows it, and the teacher's targets."""

    def __init__(self, dim: int, head: Head, targets: Targets) -> None:
        super().__init__()
        self.student = head.build(dim)
        self.teacher = Teacher(self.student)
        self.targets = targets.build(head.prototypes)

    def follow(self, momentum: float) -> None:
        """The teacher's head follows, then the center: it was used as it stood."""
        self.teacher.update(self.student, momentum)
        self.targets.update()


class Follower(nn.Module):
    """The teacher's tower, called without gradient: `follower(image)` gives its `Features`.

    `heads`, in every call, are those of the method's terms: they move with it.
    """

    temperature: Tensor

    def __init__(self, tower: nn.Module, following: Following) -> None:
        super().__init__()
        self.following = following
        self.tower = Teacher(tower)
        self.register_buffer("temperature", torch.tensor(following.temperature[0]))

    def forward(self, image: Float[Tensor, "b c y x"]) -> Features:
        """What the teacher sees, of whole pictures."""
        return self.tower(image)

    @property
    def temperatures(self) -> Temperatures:
        """What the terms are called with."""
        return self.temperature, self.following.student_temperature

    def before_step(self, step: int, total: int, *heads: Heads) -> None:
        """The teacher's temperature at `step`, and whether the prototypes learn."""
        following = self.following
        self.temperature.fill_(following.at(step, total))
        for head in heads:
            open_prototypes(head.student, step >= following.freeze * total)

    def after_step(self, tower: nn.Module, *heads: Heads) -> None:
        """The teacher follows the student's `tower` and heads."""
        self.tower.update(tower, self.following.momentum)
        for head in heads:
            head.follow(self.following.momentum)

    def begin(self, tower: nn.Module, *heads: Heads) -> None:
        """The teacher becomes the student: for a phase that begins with one (`begin_phase`)."""
        self.tower.update(tower, 0.0)
        for head in heads:
            head.teacher.update(head.student, 0.0)
