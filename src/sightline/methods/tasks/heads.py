"""Heads of one trunk: what each reads of its features, and its loss on every answer that is known.

`errors(features, batch)` gives (losses, known), both of one shape: an element is an answer (a picture's class, a
column's number, a patch's depth), `known` says whether the batch has it. What is not known has no part in anything.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sightline.data.numbers import Column
from sightline.losses.classes import class_errors
from sightline.protocols import Batch, Features

Errors = tuple[Float[Tensor, "*s"], Bool[Tensor, "*s"]]


class NamesClasses(nn.Module):
    """Cross-entropy of a linear map of the pooled vector."""

    key = "label"
    likelihood = 1.0
    """factor of exp(-s) under uncertainty weights: 1 of a softmax, 1/2 of a Gaussian"""

    def __init__(self, linear: nn.Linear) -> None:
        """ValueError for fewer than two classes."""
        super().__init__()
        if linear.out_features < 2:
            raise ValueError(
                f"classes are learnt from labels of two or more, and the data has {linear.out_features}: give a label "
                "column, or leave the task out by method.classes=0"
            )
        self.linear = linear

    def errors(self, features: Features, batch: Batch) -> Errors:
        """Of each picture."""
        return class_errors(self.linear(features.pooled), batch["label"])


class ReadsNumbers(nn.Module):
    """Squared error of a linear map of the pooled vector, each column by its own mean and deviation."""

    key = "values"
    likelihood = 0.5
    mean: Tensor
    deviation: Tensor

    def __init__(self, dim: int, columns: Sequence[Column]) -> None:
        """ValueError without columns."""
        super().__init__()
        if not columns:
            raise ValueError(
                "numbers are learnt from columns of a table (--data 'table.csv?values=COLUMN,COLUMN'), and none is "
                "named; leave the task out by method.numbers=0"
            )
        self.linear = nn.Linear(dim, len(columns))
        self.register_buffer("mean", torch.tensor([column.mean for column in columns]))
        self.register_buffer("deviation", torch.tensor([column.deviation for column in columns]))

    def errors(self, features: Features, batch: Batch) -> Errors:
        """Of each picture and column."""
        known = ~batch["values"].isnan()
        # a NaN times 0 would still be a NaN in the gradient
        truth = (batch["values"].nan_to_num() - self.mean) / self.deviation
        return (self.linear(features.pooled).float() - truth).square(), known


class ReadsDepth(nn.Module):
    """Squared error of a linear map of each patch, of the logarithm of its depth: the mean over what is known there."""

    key = "depth"
    likelihood = 0.5

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, 1)

    def errors(self, features: Features, batch: Batch) -> Errors:
        """Of each picture and patch. ValueError for features without one grid of patches."""
        grid = features.grid
        if isinstance(grid, Tensor) or features.tokens.shape[1] != grid[0] * grid[1]:
            raise ValueError("depth is read patch by patch, and this tower has no grid of patches; set method.depth=0")
        truth, known = log_depth(batch["depth"], grid)
        return (self.linear(features.tokens)[..., 0].float() - truth).square(), known


def log_depth(depth: Float[Tensor, "b y x"], grid: tuple[int, int]) -> tuple[Float[Tensor, "b n"], Bool[Tensor, "b n"]]:
    """The mean of log depth over the part of each cell whose depth is known (above 0), and whether any is."""
    there = (depth > 0).float()
    logs = torch.where(depth > 0, depth, 1.0).log()
    share, total = (F.adaptive_avg_pool2d(x[:, None], grid).flatten(1) for x in (there, there * logs))
    return total / share.clamp(min=torch.finfo(share.dtype).tiny), share > 0
