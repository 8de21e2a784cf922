r"""A picture against its own caption and one that is nearly right and false ("a heart left of a gear", turned round).

    L = mean_i  softplus( s (x_i . w_i - x_i . u_i) ),   u the true caption, w the false one

which is the softmax cross-entropy over the two. Random batches of a rich language hold no such pairs, so a contrastive
model may ignore word order altogether (Yuksekgonul et al. 2023, "When and why vision-language models behave like
bags-of-words", https://arxiv.org/abs/2210.01936, who put swapped captions into the batch; NegCLIP).
Departure: the false caption of another picture is not compared, so no text travels between ranks.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from sightline.losses.blocks import identity, upcast
from sightline.losses.weighted import weighted_mean


def hard_negative(
    image: Float[Tensor, "b e"],
    text: Float[Tensor, "b e"],
    false: Float[Tensor, "b e"],
    scale: Float[Tensor, "*one"],
    has: Bool[Tensor, "b"],
    everyone: Callable[[Tensor], Tensor] = identity,
) -> Float[Tensor, ""]:
    """Mean over the pictures that have a false caption (`has`); 0, with zero gradients, where none has.

    `everyone` makes the mean over ranks (`dist.mean`) of their number: the mean over ranks is then that of all of them.
    """
    image, text, false = upcast(image), upcast(text), upcast(false)
    with torch.autocast(image.device.type, enabled=False):
        margin = scale.to(image.dtype) * (image * (false - text)).sum(1)
    return weighted_mean(F.softplus(margin).masked_fill(~has, 0.0), has, everyone)
