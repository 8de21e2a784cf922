"""A tower that hides where a picture comes from, from a second network that learns to tell.

    L = L_class(source) + L_domain( D( R_lambda( f(x) ) ) ),     R: x forward, -lambda g backward
    lambda(p) = 2 / (1 + exp(-gamma p)) - 1,     p the share of the run that is over, gamma = 10

DANN (Ganin et al. 2016, "Domain-adversarial training of neural networks", https://arxiv.org/abs/1505.07818, eqs. 9, 17
and section 5.2.2). D: two hidden layers with ReLU, one logit.
Departures: D is 256 wide instead of 1024, and its dropout is left out; the rate follows the recipe's schedule.
Both domains pass the tower together, so that BatchNorm normalises them alike.
"""

from dataclasses import dataclass
from math import exp

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sightline.methods.parts.adapting import Adapting
from sightline.nn.head import width
from sightline.nn.reversal import reversed_gradient
from sightline.protocols import Batch, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method."""

    hidden: int = 256
    """width of the network that tells domains apart"""
    gamma: float = 10.0
    """how soon the gradient is turned round in full"""
    weight: float = 1.0
    """lambda at the end"""

    def __post_init__(self) -> None:
        if self.hidden < 1 or self.gamma <= 0 or self.weight < 0:
            raise ValueError(
                f"hidden must be at least 1, gamma above 0 and weight 0 or more; got {self.hidden}, {self.gamma} and "
                f"{self.weight}"
            )


def reversal_at(share: float, gamma: float = 10.0) -> float:
    """lambda at a share of the run: 0 at its start, nearly 1 at its end."""
    return 2 / (1 + exp(-gamma * share)) - 1


class DANN(Adapting):
    """See the module. `domain` is the network that tells domains apart; it is dropped."""

    strength: Tensor

    def __init__(self, image: nn.Module, classes: nn.Linear, config: Config = Config()) -> None:
        super().__init__(image, classes, config)
        wide = config.hidden
        self.domain = nn.Sequential(
            nn.Linear(width(image), wide), nn.ReLU(), nn.Linear(wide, wide), nn.ReLU(), nn.Linear(wide, 1)
        )
        self.register_buffer("strength", torch.zeros(()))

    def before_step(self, step: int, total: int) -> None:
        """lambda of this step."""
        self.strength.fill_(self.config.weight * reversal_at(step / max(1, total), self.config.gamma))

    def forward(self, batch: Batch) -> Losses:
        """{"class", "domain"}."""
        source = batch["domain"] == 0
        vectors = self.image(batch["image"]).pooled
        told = self.domain(reversed_gradient(vectors, self.strength))[:, 0].float()
        truth = batch["domain"].to(told.dtype)
        self.watched["told_apart"] = ((told > 0) == (truth > 0)).float().mean().detach()
        self.watched["reversal"] = self.strength.clone()
        return {
            "class": self.judged(self.classes(vectors[source]), batch),
            "domain": F.binary_cross_entropy_with_logits(told, truth),
        }
