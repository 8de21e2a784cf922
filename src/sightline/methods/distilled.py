"""What DINO, iBOT and DINOv2 do around a step, and what a run keeps of them."""

from typing import Any

from torch import Tensor, nn

from sightline.methods.pictures import PictureEncoder
from sightline.methods.teaching import Taught


class Distilled(nn.Module):
    """A student with a `tower`, taught by its own average through prototypes; what is learned is the subclass's.

    `config` has `teaching` and `targets`. `forward` leaves in `watched` what the monitor looks at.
    """

    uses = frozenset[str]()

    def __init__(self, student: nn.Module, config: Any, prototypes: int) -> None:
        super().__init__()
        self.config = config
        self.pair = Taught(student, config.teaching)
        self.targets = config.targets.build(prototypes)
        self.watched: dict[str, Tensor] = {}

    @property
    def undivided(self) -> str:
        """Why a batch cannot be learned from in parts, where it cannot."""
        return self.config.targets.undivided

    def check(self, batch_size: int) -> None:
        """ValueError where a batch of so many pictures, over all devices, cannot balance or center the prototypes."""
        self.config.targets.check(self.config.head.prototypes, batch_size)

    def before_step(self, step: int, total: int) -> None:
        """Temperature, momentum, and whether the prototypes learn."""
        self.pair.before_step(step, total)

    def after_step(self) -> None:
        """The teacher follows, then the center, where there is one: it was used as it stood."""
        self.pair.after_step()
        self.targets.update()

    def encoder(self) -> Any:
        """The teacher's tower: better than the student's all through training."""
        return PictureEncoder(self.pair.copy.tower)
