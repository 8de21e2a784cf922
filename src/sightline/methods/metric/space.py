"""Where vectors are compared: on the unit sphere, or wherever the network puts them. And counts over all ranks."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from sightline import dist
from sightline.losses.blocks import upcast
from sightline.nn.head import unit


@dataclass(frozen=True, kw_only=True)
class Unit:
    """x / |x|: distances are at most 2, and a search by cosine sees what was learnt."""

    def __call__(self, x: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
        return unit(x)


@dataclass(frozen=True, kw_only=True)
class Free:
    """x itself: how long a vector is may say something too."""

    def __call__(self, x: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
        return upcast(x)


Space = Unit | Free


@torch.no_grad()
def everyones_mean(x: Tensor) -> Float[Tensor, ""]:
    """The mean of everyone's values, ranks holding any number of them; 0 where there are none."""
    x = x.detach().float()
    both = dist.total(torch.stack([x.sum(), x.new_tensor(float(x.numel()))]))
    return both[0] / both[1].clamp(min=1)
