"""What DINO, iBOT and DINOv2 share: a student with its teacher and their schedules, heads, views of two resolutions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.methods.parts.targets import Targets
from sightline.nn.heads import DINOHead, ScaledPrototypes, UnitPrototypes
from sightline.nn.state.teacher import Teacher, cosine_momentum

GLOBALS = 2
"""the teacher sees the first two views, the student these and all others"""
LAST = {"fixed": UnitPrototypes, "trained": ScaledPrototypes}


@dataclass(frozen=True, kw_only=True)
class Head:
    """DINO's head, by the paper's numbers."""

    prototypes: int = 65536
    hidden: int = 2048
    bottleneck: int = 256
    norms: Literal["fixed", "trained"] = "fixed"
    """of the prototypes: fixed at 1 in the B of DINO and iBOT, trained in their S and in DINOv2"""

    def build(self, dim: int) -> DINOHead:
        last = LAST[self.norms]
        return DINOHead(dim, self.prototypes, hidden=self.hidden, bottleneck=self.bottleneck, last=last)


@dataclass(frozen=True, kw_only=True)
class TeacherSchedule:
    """Both temperatures and when the prototypes begin. Shares are of the run: papers count epochs, of 100 as a rule."""

    temperature: tuple[float, float] = (0.04, 0.07)
    """the teacher's, at the first step and after the warm-up"""
    warmup: float = 0.3
    """share of the run in which the teacher's temperature grows: 30 epochs"""
    student_temperature: float = 0.1
    freeze: float = 0.01
    """share of the run in which the prototypes stay as they began: 1 epoch"""

    def __post_init__(self) -> None:
        if min(*self.temperature, self.student_temperature) <= 0:
            raise ValueError(
                f"logits are divided by temperatures, which must be above 0; got temperature={self.temperature} and "
                f"student_temperature={self.student_temperature} (the papers' are 0.04,0.07 and 0.1)"
            )

    def at(self, step: int, total: int) -> float:
        """The teacher's at `step`: from the first to the second along a line, in the share `warmup`."""
        first, last = self.temperature
        return first + (last - first) * min(1.0, step / max(1.0, self.warmup * total))


@dataclass(frozen=True, kw_only=True)
class Teaching(TeacherSchedule):
    """The teacher's speed and both temperatures."""

    momentum: float = 0.996
    """the first; it grows to 1 by half a cosine"""


class StudentTeacher(nn.Module):
    """A student, the teacher that follows it, and the numbers that move between them."""

    temperature: Tensor
    momentum: Tensor

    def __init__(self, student: nn.Module, teaching: Teaching) -> None:
        super().__init__()
        self.teaching = teaching
        self.student: Any = student
        self.teacher = Teacher(student)
        self.register_buffer("temperature", torch.tensor(teaching.temperature[0]))
        self.register_buffer("momentum", torch.tensor(teaching.momentum))

    @property
    def teacher_model(self) -> Any:
        """The teacher's copy of the student network, for calls of its parts: the caller turns gradients off."""
        return self.teacher.module

    def before_step(self, step: int, total: int) -> None:
        """The schedules at `step`: the teacher's temperature and momentum, whether prototypes learn."""
        teaching = self.teaching
        self.temperature.fill_(teaching.at(step, total))
        self.momentum.fill_(cosine_momentum(step, total, teaching.momentum))
        open_prototypes(self.student, step >= teaching.freeze * total)

    def after_step(self) -> None:
        """The teacher follows, with this step's momentum."""
        self.teacher.update(self.student, self.momentum)


def open_prototypes(student: nn.Module, learn: bool) -> None:
    """Whether gradients reach the prototypes of every head in `student`."""
    for part in student.modules():
        if isinstance(part, UnitPrototypes):
            part.open.fill_(float(learn))


def check_both(targets: Targets, head: Head, patch_head: Head, batch: int, path: str = "method") -> None:
    """ValueError where a batch of so many pictures cannot balance or center the prototypes of one of two heads, which
    are set at `path`."""
    for name, one in (("head", head), ("patch_head", patch_head)):
        targets.check(one.prototypes, batch, f"{path}.{name}")


def by_size(views: Sequence[Float[Tensor, "b c _ _"]]) -> Iterator[Float[Tensor, "_ c _ _"]]:
    """Neighbouring views of one resolution as one batch, in order: one call of the tower for each."""
    for _, same in groupby(views, key=lambda view: view.shape[-2:]):
        yield torch.cat(list(same))
