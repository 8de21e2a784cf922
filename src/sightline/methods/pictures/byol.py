r"""BYOL: Bootstrap Your Own Latent (Grill et al. 2020, https://arxiv.org/abs/2006.07733).

    L = mean_i || q(z1) - z2' ||^2 + || q(z2) - z1' ||^2,    every vector first brought to unit length

z = g(f(view)) are the online network's projections, z' = g'(f'(view)) those of the target, which takes no gradient and
follows the online network (nn/state/teacher.py). No negatives: the predictor q and the stopped gradient keep a constant
from being the answer. Each view is normalised by its own BatchNorm statistics, and across ranks by everyone's, as in
the paper. What is kept is the online tower.
Departure: the target starts as a copy of the online network, not from a second seed.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.losses.regression import unit_regression
from sightline.methods.parts.pairs import pair
from sightline.nn.head import width
from sightline.nn.heads import BYOLHead
from sightline.nn.state.teacher import Teacher, cosine_momentum
from sightline.protocols import Batch, Kept, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, the paper's for 1000 epochs by default."""

    hidden: int = 4096
    """width inside both heads"""
    out: int = 256
    momentum: float = 0.996
    """of the target at the first step; it grows to 1 by half a cosine. 0.99 for 100 and 300 epochs, 0.97 for 40"""


class Projected(nn.Module):
    """A tower and its projection: what the online and the target network are, each."""

    def __init__(self, tower: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.image: Any = tower
        self.head = head

    def forward(self, view: Float[Tensor, "b c y x"]) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b e"]]:
        """(pooled vectors, projections)."""
        pooled = self.image(view).pooled
        return pooled, self.head(pooled)


class BYOL(nn.Module):
    """The online network with its predictor, and the target."""

    needs = frozenset({"image", "views"})
    uses = frozenset[str]()
    momentum: Tensor

    def __init__(self, tower: nn.Module, config: Config = Config()) -> None:
        super().__init__()
        self.config = config
        self.online = Projected(tower, BYOLHead(width(tower), config.hidden, config.out))
        self.predict = BYOLHead(config.out, config.hidden, config.out)
        self.target = Teacher(self.online)
        self.register_buffer("momentum", torch.tensor(config.momentum))
        self.watched: dict[str, Tensor] = {}

    def forward(self, batch: Batch) -> Losses:
        """{"regression"}, both directions summed: between 0 and 8, about 4 where nothing is learned."""
        first, second = pair(batch)
        (_, target_first), (_, target_second) = self.target(first), self.target(second)
        (pooled, online_first), (_, online_second) = self.online(first), self.online(second)
        self.watched = {"image": pooled.detach(), "target": target_first}
        towards_second = unit_regression(self.predict(online_first), target_second)
        return {"regression": towards_second + unit_regression(self.predict(online_second), target_first)}

    def before_step(self, step: int, total: int) -> None:
        """The target's momentum at this step."""
        self.momentum.fill_(cosine_momentum(step, total, self.config.momentum))

    def after_step(self) -> None:
        """The target follows, with this step's momentum."""
        self.target.update(self.online, self.momentum)

    def kept(self) -> Kept:
        """The online tower alone."""
        return Kept(parts={"image": self.online.image}, capabilities=("embeds",))
