r"""The triplet loss: an anchor nearer to its positive than to its negative, by a margin.

Hinge        [m + d_ap - d_an]_+                       Schroff et al. 2015 (FaceNet), d squared, m = 0.2
SoftMargin   log(1 + exp(m + d_ap - d_an)), m = 0      Hermans et al. 2017, d not squared
PairHinge    d_ap^2 + [m - d_an]_+^2                   the lecture's two pairs of a triplet, d not squared
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from sightline.losses.blocks import identity
from sightline.losses.metric.distances import Distance, LpDistance, apart
from sightline.losses.metric.mining import MINERS, Mining, related
from sightline.losses.metric.reduction import MeanReducer, Reducer, Total

Each = Float[Tensor, "t"]
SQUARED = LpDistance(power=2.0)
MEAN = MeanReducer()


@dataclass(frozen=True, kw_only=True)
class Hinge:
    """[m + d_ap - d_an]_+."""

    margin: float = 0.2

    def __call__(self, positive: Each, negative: Each) -> Each:
        return (self.margin + positive - negative).relu()


@dataclass(frozen=True, kw_only=True)
class SoftMargin:
    """log(1 + exp(m + d_ap - d_an)): never 0, pulls on after the order is right."""

    margin: float = 0.0

    def __call__(self, positive: Each, negative: Each) -> Each:
        return F.softplus(self.margin + positive - negative)


@dataclass(frozen=True, kw_only=True)
class PairHinge:
    """d_ap^2 + [m - d_an]_+^2."""

    margin: float = 1.0

    def __call__(self, positive: Each, negative: Each) -> Each:
        return positive.square() + (self.margin - negative).relu().square()


Violation = Hinge | SoftMargin | PairHinge


def at_one_point(violation: Violation) -> float:
    """The loss of a triplet whose vectors are all the same: a hinge's margin. Who stays there has collapsed."""
    nothing = torch.zeros(1)
    return violation(nothing, nothing).item()


def mined(
    x: Float[Tensor, "b d"],
    labels: Int[Tensor, "b"],
    *,
    distance: Distance,
    mining: Mining,
    margin: float,
    first: int = 0,
    x_all: Float[Tensor, "m d"] | None = None,
    labels_all: Int[Tensor, "m"] | None = None,
) -> tuple[Int[Tensor, "t"], Each, Each]:
    """(rows of the anchors, d_ap, d_an) of the triplets found for my `b` anchors among everyone's `m` vectors."""
    d = apart(distance, x, x if x_all is None else x_all)
    same, different = related(labels, labels_all, first)
    a, p, n = MINERS[mining](d, same, different, margin)
    return a, d[a, p], d[a, n]


def triplet(
    x: Float[Tensor, "b d"],
    labels: Int[Tensor, "b"],
    *,
    distance: Distance = SQUARED,
    mining: Mining = "semihard",
    violation: Violation = Hinge(),
    reducer: Reducer = MEAN,
    first: int = 0,
    x_all: Float[Tensor, "m d"] | None = None,
    labels_all: Int[Tensor, "m"] | None = None,
    total: Total = identity,
) -> Float[Tensor, ""]:
    """The loss of my `b` anchors among everyone's `m` vectors, of which mine start at `first`.

    Everyone's default to mine. `total` sums over ranks: the mean over ranks is the loss of the whole batch. A batch
    without a triplet gives 0, with a gradient of 0. Vectors are compared as they come.
    """
    anchors, near, far = mined(
        x,
        labels,
        distance=distance,
        mining=mining,
        margin=violation.margin,
        first=first,
        x_all=x_all,
        labels_all=labels_all,
    )
    return reducer(violation(near, far), anchors, labels, total)
