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
def everyones_means(**values: Tensor) -> dict[str, Float[Tensor, ""]]:
    """The mean of everyone's values of each name, ranks holding any number of them; 0 where there are none."""
    mine = [
        torch.stack([x.detach().float().sum(), x.new_tensor(x.numel(), dtype=torch.float32)]) for x in values.values()
    ]
    both = dist.total(torch.stack(mine))
    return dict(zip(values, both[:, 0] / both[:, 1].clamp(min=1), strict=True))
