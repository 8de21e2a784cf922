r"""Which triplets (anchor, positive, negative) of a batch are learnt from. Modes by name, d the distances given:

    all_valid          every triplet                        the mean over all of them, as an untrained eye would take it
    all_active         d_an < d_ap + m                      those of which a hinge makes something
    hard               d_an < d_ap                          FaceNet's
    semihard           d_ap < d_an < d_ap + m               FaceNet's, the usual for training from scratch
    lecture_semihard   d_an < d_ap                          the lecture's name for FaceNet's hard
    lecture_hard       d_an + m < d_ap                      the lecture's: hard by more than the margin
    batch_hard         p = argmax d_ap, n = argmin d_an     one of every anchor (Hermans et al. 2017)
    easy               d_an >= d_ap + m                     of which a hinge makes nothing

FaceNet: Schroff et al. 2015, https://arxiv.org/abs/1503.03832; Hermans, Beyer and Leibe 2017,
https://arxiv.org/abs/1703.07737. FaceNet means squared distances, the lecture plain ones: the mode looks at whichever
it is given. Ties d_an = d_ap are neither hard nor semihard here; in pytorch-metric-learning, whose "all", "hard",
"semihard" and "easy" these otherwise are, they are hard, and d_an = d_ap + m is semihard.
"""

from collections.abc import Callable
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

Mining = Literal[
    "all_valid", "all_active", "hard", "semihard", "lecture_semihard", "lecture_hard", "batch_hard", "easy"
]
Distances = Float[Tensor, "b m"]
Pairs = Bool[Tensor, "b m"]
Triplets = tuple[Int[Tensor, "t"], Int[Tensor, "t"], Int[Tensor, "t"]]
"""Rows of the anchors, columns of their positives and of their negatives."""
Miner = Callable[[Distances, Pairs, Pairs, float], Triplets]
"""(distances, which pairs are of one class, which of two, margin) -> triplets; no gradient passes."""


def related(
    labels: Int[Tensor, "b"], labels_all: Int[Tensor, "m"] | None = None, first: int = 0
) -> tuple[Pairs, Pairs]:
    """(same, different): which pairs of my rows and everyone's columns are of one class, a row and itself left out, and
    which of two. My rows start at column `first`; what has no label (-1) is in neither."""
    everyone = labels if labels_all is None else labels_all
    known = (labels >= 0)[:, None] & (everyone >= 0)
    equal = labels[:, None] == everyone
    same = equal & known
    same.diagonal(first).fill_(False)
    return same, ~equal & known


def all_valid(d: Distances, same: Pairs, different: Pairs, margin: float) -> Triplets:
    """Every triplet."""
    return _where(d, same, different, lambda ap, an: torch.ones_like(an, dtype=torch.bool))


def all_active(d: Distances, same: Pairs, different: Pairs, margin: float) -> Triplets:
    """d_an < d_ap + m."""
    return _where(d, same, different, lambda ap, an: an < ap + margin)


def hard(d: Distances, same: Pairs, different: Pairs, margin: float) -> Triplets:
    """d_an < d_ap."""
    return _where(d, same, different, lambda ap, an: an < ap)


def semihard(d: Distances, same: Pairs, different: Pairs, margin: float) -> Triplets:
    """d_ap < d_an < d_ap + m."""
    return _where(d, same, different, lambda ap, an: (ap < an) & (an < ap + margin))


def lecture_hard(d: Distances, same: Pairs, different: Pairs, margin: float) -> Triplets:
    """d_an + m < d_ap."""
    return _where(d, same, different, lambda ap, an: an + margin < ap)


def easy(d: Distances, same: Pairs, different: Pairs, margin: float) -> Triplets:
    """d_an >= d_ap + m."""
    return _where(d, same, different, lambda ap, an: an >= ap + margin)


@torch.no_grad()
def batch_hard(d: Distances, same: Pairs, different: Pairs, margin: float) -> Triplets:
    """Of every anchor that has both: its furthest positive and its nearest negative."""
    anchors = (same.any(1) & different.any(1)).nonzero()[:, 0]
    inf = torch.inf
    furthest = d.masked_fill(~same, -inf)[anchors].argmax(1) if len(anchors) else anchors
    nearest = d.masked_fill(~different, inf)[anchors].argmin(1) if len(anchors) else anchors
    return anchors, furthest, nearest


MINERS: dict[str, Miner] = {
    "all_valid": all_valid,
    "all_active": all_active,
    "hard": hard,
    "semihard": semihard,
    "lecture_semihard": hard,
    "lecture_hard": lecture_hard,
    "batch_hard": batch_hard,
    "easy": easy,
}
assert tuple(MINERS) == get_args(Mining)


@torch.no_grad()
def _where(d: Distances, same: Pairs, different: Pairs, condition: Callable[[Tensor, Tensor], Tensor]) -> Triplets:
    """The triplets whose (d_ap, d_an) meet a condition, in order of anchor, positive, negative: a row of everyone's for
    each pair of one class, not the cube of the batch."""
    anchors, positives = same.nonzero(as_tuple=True)
    meets = condition(d[anchors, positives][:, None], d[anchors]) & different[anchors]
    pairs, negatives = meets.nonzero(as_tuple=True)
    return anchors[pairs], positives[pairs], negatives
