r"""Pictures against words that many pictures share (tags, search terms): a softmax with several right answers.

    L = -mean_i  1/|P_i| sum_{j in P_i} log softmax_j(s x_i . t_j),   P_i the terms of picture i

The image-to-text half of UniCL (Yang et al. 2022, "Unified contrastive learning in image-text-label space",
https://arxiv.org/abs/2204.03610, eq. 3), with terms as the texts. Pictures without a term do not count.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sightline.losses.blocks import identity, upcast
from sightline.losses.weighted import weighted_mean


def label_contrastive(
    image: Float[Tensor, "b e"],
    terms: Float[Tensor, "t e"],
    has: Bool[Tensor, "b t"],
    scale: Float[Tensor, "*one"],
    everyone: Callable[[Tensor], Tensor] = identity,
) -> Float[Tensor, ""]:
    """Mean over the pictures that have a term; 0 (with zero gradients) where none has.

    `terms` are those of the whole batch, `everyone` makes the mean over ranks (`dist.mean`) of the number of such
    pictures: the mean over ranks is then that of all of them.
    """
    image, terms = upcast(image), upcast(terms)
    with torch.autocast(image.device.type, enabled=False):
        logs = (scale.to(image.dtype) * image @ terms.T).log_softmax(1)
    target = has.to(logs.dtype)
    count = target.sum(1)
    per_picture = -(target * logs).sum(1) / count.clamp(min=1)
    return weighted_mean(per_picture, count > 0, everyone)
