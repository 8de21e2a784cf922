r"""One number of the losses of many tuples (pairs, triplets), each with the row of its anchor.

Names are those of pytorch-metric-learning. A tuple list may be empty: the result is then a 0 with a graph, whose
gradients are 0. `total` sums over ranks (`dist.total`): the mean over ranks of what they return is then the reduction
of everyone's tuples at once, however they are spread.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sightline.losses.blocks import identity
from sightline.losses.weighted import weighted_mean

Tuples = Float[Tensor, "t"]
Anchors = Int[Tensor, "t"]
Labels = Int[Tensor, "b"]
Total = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class MeanReducer:
    """sum_t l_t / t."""

    def __call__(self, losses: Tuples, anchors: Anchors, labels: Labels, total: Total = identity) -> Float[Tensor, ""]:
        return _mean(losses, total)


@dataclass(frozen=True, kw_only=True)
class SumReducer:
    """sum_t l_t."""

    def __call__(self, losses: Tuples, anchors: Anchors, labels: Labels, total: Total = identity) -> Float[Tensor, ""]:
        return losses.sum() * total(losses.new_ones(()))


@dataclass(frozen=True, kw_only=True)
class ThresholdReducer:
    """The mean of those above `low` and below `high`."""

    low: float = -torch.inf
    high: float = torch.inf

    def __call__(self, losses: Tuples, anchors: Anchors, labels: Labels, total: Total = identity) -> Float[Tensor, ""]:
        return _mean(losses[(losses > self.low) & (losses < self.high)], total)


@dataclass(frozen=True, kw_only=True)
class AvgNonZeroReducer:
    """The mean of those above 0: what a batch still has to learn from counts whole, however little it is."""

    def __call__(self, losses: Tuples, anchors: Anchors, labels: Labels, total: Total = identity) -> Float[Tensor, ""]:
        return _mean(losses[losses > 0], total)


@dataclass(frozen=True, kw_only=True)
class ClassWeightedReducer:
    """sum_t w[label of the anchor] l_t / t: the mean, with a weight a class."""

    weights: tuple[float, ...]

    def __call__(self, losses: Tuples, anchors: Anchors, labels: Labels, total: Total = identity) -> Float[Tensor, ""]:
        weights = losses.new_tensor(self.weights)
        if len(anchors) and int(labels[anchors].max()) >= len(weights):
            raise ValueError(
                f"an anchor is of class {int(labels[anchors].max())}, and there are {len(weights)} weights, one for "
                "each class from 0: give a weight for every class"
            )
        return _mean(losses * weights[labels[anchors]], total)


@dataclass(frozen=True, kw_only=True)
class PerAnchorReducer:
    """The mean over all rows of the mean of each row's own tuples; a row without any counts as 0."""

    def __call__(self, losses: Tuples, anchors: Anchors, labels: Labels, total: Total = identity) -> Float[Tensor, ""]:
        zeros = losses.new_zeros(len(labels))
        sums = zeros.index_add(0, anchors, losses)
        counts = zeros.index_add(0, anchors, torch.ones_like(losses))
        return (sums / counts.clamp(min=1)).mean()


Reducer = MeanReducer | SumReducer | ThresholdReducer | AvgNonZeroReducer | ClassWeightedReducer | PerAnchorReducer


def _mean(losses: Tuples, total: Total) -> Float[Tensor, ""]:
    """Over everyone's tuples: my sum by the number of them a rank has on average."""

    def average(count: Tensor) -> Tensor:
        everyone, ranks = total(torch.stack([count, torch.ones_like(count)]))
        return everyone / ranks

    return weighted_mean(losses, torch.ones_like(losses), average)
