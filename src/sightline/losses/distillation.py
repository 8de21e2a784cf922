r"""Self-distillation: the student's prediction of what the teacher says, as cross-entropies between prototypes.

    H(P, z) = - sum_k P_k log softmax(z / tau)_k

P are the teacher's probabilities, constants here; z the student's raw logits. DINO (Caron et al. 2021,
https://arxiv.org/abs/2104.14294, eq. 3) compares every teacher view with every other view of the student; iBOT (Zhou et
al. 2021, https://arxiv.org/abs/2111.07832, eq. 2) a masked patch with the same patch of the same view, unmasked; SILC
(Naeem et al. 2023, https://arxiv.org/abs/2310.13355) the student's small views alone with the teacher's large ones.
DINOv2's normalisers are these: two global and 2 L local terms share one divisor, an image without a mask counts as 0.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from sightline.losses.blocks import upcast


def cross_entropy_to(
    target: Float[Tensor, "*r k"], logits: Float[Tensor, "*r k"], temperature: float
) -> Float[Tensor, "*r"]:
    """H(target, logits) row by row, in float32 or better; no gradient goes to `target`."""
    with torch.autocast(logits.device.type, enabled=False):
        return -(target.detach() * F.log_softmax(upcast(logits) / temperature, dim=-1)).sum(-1)


def cross_view(
    targets: Float[Tensor, "t b k"], logits: Float[Tensor, "s b k"], temperature: float
) -> Float[Tensor, ""]:
    """Mean of H over the batch and over the pairs of different views; view i of both is the same picture.

    The teacher's `t` views come first among the student's `s`: pairs are skipped by their number, t s - min(t, s) stay.
    ValueError where none does, which is one view alone.
    """
    t, s = len(targets), len(logits)
    pairs = t * s - min(t, s)
    if not pairs:
        raise ValueError(
            f"{t} teacher and {s} student view leave no two different ones to compare; give a recipe two views or more "
            "(data.views=TwoViews or MultiCrop)"
        )
    # H is linear in its target: all targets of one student view are one row, so its softmax is taken once.
    total = logits.new_zeros((), dtype=upcast(logits).dtype)
    for view in range(s):
        others = [targets[other] for other in range(t) if other != view]
        if others:
            total = total + cross_entropy_to(torch.stack(others).sum(0), logits[view], temperature).mean()
    return total / pairs


def local_to_global(
    targets: Float[Tensor, "t b k"], logits: Float[Tensor, "s b k"], temperature: float
) -> Float[Tensor, ""]:
    """Mean of H over the batch and over all t s pairs: none of the student's views is one of the teacher's."""
    # H is linear in its target: all targets of a picture are one row
    together = targets.mean(0).expand(len(logits), -1, -1)
    return cross_entropy_to(together, logits, temperature).mean()


def per_image(losses: Float[Tensor, "r"], mask: Bool[Tensor, "b n"]) -> Float[Tensor, ""]:
    """Mean over images of each one's mean over its masked patches; an image without any counts as 0.

    `losses` are those of the masked patches, in the order of `mask` flattened: r = mask.sum().
    """
    counts = mask.sum(1).clamp(min=1)
    weights = (1 / counts)[:, None].expand_as(mask)[mask]
    return (losses * weights).sum() / len(mask)
