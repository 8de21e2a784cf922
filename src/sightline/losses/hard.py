r"""A picture against its own caption and one that is nearly right and false ("a heart left of a gear", turned round).

    L = mean_i  softplus( s (x_i . w_i - x_i . u_i) ),   u the true caption, w the false one

which is the softmax cross-entropy over the two. Random batches of a rich language hold no such pairs, so a contrastive
model may ignore word order altogether (Yuksekgonul et al. 2023, "When and why vision-language models behave like
bags-of-words", https://arxiv.org/abs/2210.01936, who put swapped captions into the batch; NegCLIP).
Departure: the false caption of another picture is not compared, so nothing travels between ranks.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from sightline.losses.blocks import precise


def hard_negative(
    image: Float[Tensor, "b e"],
    text: Float[Tensor, "b e"],
    false: Float[Tensor, "b e"],
    scale: Float[Tensor, "*one"],
    has: Bool[Tensor, "b"],
) -> Float[Tensor, ""]:
    """Mean over the pictures that have a false caption (`has`); 0, with zero gradients, where none has."""
    image, text, false = precise(image), precise(text), precise(false)
    with torch.autocast(image.device.type, enabled=False):
        margin = scale.to(image.dtype) * (image * (false - text)).sum(1)
    loss = F.softplus(margin).masked_fill(~has, 0.0)
    return loss.sum() / has.sum().clamp(min=1)
