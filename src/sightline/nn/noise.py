"""What a model draws for itself (drop path, dropout, noise): for the whole batch on every rank, of which each keeps its
own pictures' part. So two ranks draw what one would, and a picture has its draws wherever it is.

The trainer calls `seed_draws` before each forward; nothing of it is kept in a checkpoint.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline.dist import rank, world


@dataclass
class _Part:
    """Where this rank's pictures stand in the batch that is drawn for; 0 pictures: alone, whatever comes."""

    pictures: int = 0
    rank: int = 0
    world: int = 1


_part = _Part()


def seed_draws(seed: int, pictures: int = 0) -> None:
    """Seeds torch's generators for one forward, of `pictures` on each rank and the same seed on all.

    Without `pictures` this rank draws for itself alone, from a seed of its own (a part of its share, GradCache).
    """
    torch.manual_seed(seed)
    _part.pictures, _part.rank, _part.world = pictures, rank(), world()


def rank_rows(draw: Callable[..., Tensor], shape: tuple[int, ...], device: torch.device) -> Tensor:
    """My rows of `draw(*shape)` made for all ranks; several views of a picture come view by view, as `torch.cat` lays
    them."""
    rows, *rest = shape
    b = _part.pictures
    if _part.world == 1 or not b or rows % b:
        return draw(*shape, device=device)
    return draw(rows // b, _part.world, b, *rest, device=device)[:, _part.rank].flatten(0, 1)


class Dropout(nn.Module):
    """Hinton et al. 2012, https://arxiv.org/abs/1207.0580: in training each number is 0 at `rate`, the others are
    divided by 1 - rate."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"numbers are dropped at a rate of at least 0 and below 1, got {rate}")
        self.rate = rate

    def forward(self, x: Float[Tensor, "b *rest"]) -> Float[Tensor, "b *rest"]:
        if not self.training or not self.rate:
            return x
        keep = rank_rows(torch.rand, tuple(x.shape), x.device) >= self.rate
        return torch.where(keep, x / (1 - self.rate), torch.zeros((), dtype=x.dtype, device=x.device))
