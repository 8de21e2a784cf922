r"""The N-pair loss (Sohn 2016, "Improved deep metric learning with multi-class n-pair loss objective", eq. 7).

    L = 1/N sum_i log(1 + sum_{j != i} exp(f_i . f_j+ - f_i . f_i+))  +  lambda/N sum |f|^2

N classes with an anchor f_i and a positive f_i+ each; the negatives of an anchor are the others' positives. That is the
cross-entropy of the matrix F F+^T with the diagonal as the truth: no temperature, and vectors as long as they come,
which the second term, over anchors and positives, keeps in bounds.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from sightline.losses.blocks import upcast
from sightline.losses.metric.distances import DotProductSimilarity


def n_pair(
    anchors: Float[Tensor, "b d"],
    positives: Float[Tensor, "b d"],
    *,
    first: int = 0,
    positives_all: Float[Tensor, "m d"] | None = None,
) -> Float[Tensor, ""]:
    """The first term: my `b` anchors against everyone's `m` positives, of which mine start at `first`; their mean."""
    logits = DotProductSimilarity()(anchors, positives if positives_all is None else positives_all)
    return F.cross_entropy(logits, torch.arange(first, first + len(anchors), device=logits.device))


def squared_norms(anchors: Float[Tensor, "b d"], positives: Float[Tensor, "b d"]) -> Float[Tensor, ""]:
    """1/N sum |f|^2 over the 2N vectors of N pairs."""
    return (upcast(anchors).square().sum() + upcast(positives).square().sum()) / len(anchors)
