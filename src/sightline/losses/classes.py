"""What each sample's named class costs, where some have no name."""

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sightline.losses.blocks import upcast


def class_errors(
    logits: Float[Tensor, "b k *places"], label: Int[Tensor, "b *places"]
) -> tuple[Float[Tensor, "b *places"], Bool[Tensor, "b *places"]]:
    """-log softmax(logits)_label and whether there is a label: a negative one is none, and what stands there has no
    meaning. `weighted_mean(*class_errors(logits, label), dist.mean)` is the cross-entropy of those that have one."""
    return F.cross_entropy(upcast(logits), label.clamp(min=0), reduction="none"), label >= 0
