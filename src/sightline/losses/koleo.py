r"""KoLeo: spread a batch over the sphere (Sablayrolles et al. 2018, "Spreading vectors for similarity search",
https://arxiv.org/abs/1806.03198; in DINOv2 with weight 0.1).

    L = - mean_i log( min_{j != i} |x_i - x_j| ),   x unit vectors

the Kozachenko-Leonenko estimate of the entropy, up to constants. It belongs before a head, on the vectors that are
kept, on each global view alone: two views of one picture should be near. Two equal vectors in a batch cost about
-log(1e-8 sqrt(d)), 15 or more each.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from sightline.losses.blocks import upcast

EPS = 1e-8
"""added to every difference and to the distance, as published: the logarithm stays finite for equal rows"""


def koleo(
    x: Float[Tensor, "b d"], *, first: int = 0, everyone: Float[Tensor, "m d"] | None = None
) -> Float[Tensor, ""]:
    """The mean over my `b` rows, whose neighbours are sought among everyone's `m`; mine start there at `first`.

    Rows need not be unit length. Everyone's default to mine; the mean over ranks is the loss of the whole batch.
    ValueError for a row without any other.
    """
    mine = F.normalize(upcast(x), dim=1, eps=EPS)
    others = mine if everyone is None else F.normalize(upcast(everyone), dim=1, eps=EPS)
    if len(others) < 2:
        raise ValueError(
            "KoLeo needs a neighbour for every picture, and the batch holds one; take a batch of 2 or more"
        )
    with torch.autocast(x.device.type, enabled=False):
        with torch.no_grad():
            cosines = mine @ others.T
            cosines.diagonal(first).fill_(-2.0)  # below every cosine: nobody is their own neighbour
            nearest = cosines.argmax(1)
        return -(F.pairwise_distance(mine, others[nearest], eps=EPS) + EPS).log().mean()
