r"""The triplet loss: an anchor nearer to its positive than to its negative, by a margin.

Hinge        [m + d_ap - d_an]_+                       Schroff et al. 2015 (FaceNet), d squared, m = 0.2
SoftMargin   log(1 + exp(m + d_ap - d_an)), m = 0      Hermans et al. 2017, d not squared
PairHinge    d_ap^2 + [m - d_an]_+^2                   the lecture's two pairs of a triplet, d not squared
"""

from dataclasses import dataclass

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
    d = apart(distance, x, x if x_all is None else x_all)
    same, different = related(labels, labels_all, first)
    a, p, n = MINERS[mining](d, same, different, violation.margin)
    return reducer(violation(d[a, p], d[a, n]), a, labels, total)
