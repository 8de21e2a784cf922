"""Covariances aligned: source and target spread alike in the layer that names classes.

    L = L_class(source) + weight * 1 / (4 d^2) |C_S - C_T|_F^2

Deep CORAL (Sun and Saenko 2016, https://arxiv.org/abs/1607.01719, eq. 6), on the logits as there (`losses/coral.py`).
Both domains pass the tower together, so that BatchNorm normalises them alike.
"""

from dataclasses import dataclass

from torch import nn

from sightline import dist
from sightline.losses.coral import coral
from sightline.methods.parts.adapting import Adapting
from sightline.protocols import Batch, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method."""

    weight: float = 1.0
    """of the alignment; the paper's is such that at the end both terms are about equal"""

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise ValueError(f"weight must be 0 or more, got {self.weight}")


class CORAL(Adapting):
    """See the module."""

    def __init__(self, image: nn.Module, classes: nn.Linear, config: Config = Config()) -> None:
        super().__init__(image, classes, config)

    def forward(self, batch: Batch) -> Losses:
        """{"class", "coral"}; covariances are of everyone's pictures."""
        source = batch["domain"] == 0
        logits = self.logits(batch["image"])
        aligned = coral(dist.gather(logits[source]), dist.gather(logits[~source]))
        return {"class": self.judged(logits[source], batch), "coral": self.config.weight * aligned}
