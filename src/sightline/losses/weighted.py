"""A mean in which samples count differently, or not at all: the same over any number of ranks."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sightline.losses.blocks import identity


def weighted_mean(
    x: Float[Tensor, "*s"],
    weight: Float[Tensor, "*s"] | Bool[Tensor, "*s"],
    everyone: Callable[[Tensor], Tensor] = identity,
) -> Float[Tensor, ""]:
    """sum(w x) / sum(w); 0, with a gradient of 0, where nothing has weight.

    `everyone` makes the mean over ranks (`dist.mean`) of sum(w): ranks of more weight then count for more, and the mean
    over ranks of what they return is that of all samples at once.
    """
    weight = weight.to(x.dtype)
    return (x * weight).sum() / everyone(weight.sum()).clamp(min=torch.finfo(x.dtype).tiny)
