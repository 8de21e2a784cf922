r"""What a guess of covered words costs (BERT, Devlin et al. 2018, https://arxiv.org/abs/1810.04805, section 3.1).

    L = -1/|M| sum_{k in M} log softmax(z_k)_{y_k}        M: the words of the batch that were chosen

The mean is over all chosen words of the batch, as in the released code and transformers: of a long text more are.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from sightline.losses.blocks import identity, upcast
from sightline.losses.weighted import weighted_mean


def masked_words(
    logits: Float[Tensor, "k v"], ids: Int[Tensor, " k"], everyone: Callable[[Tensor], Tensor] = identity
) -> Float[Tensor, ""]:
    """L of the k chosen words, in float32 or better, 0 where there is none; `everyone` as in `weighted_mean`."""
    with torch.autocast(logits.device.type, enabled=False):
        each = F.cross_entropy(upcast(logits), ids, reduction="none")
    return weighted_mean(each, torch.ones_like(each), everyone)
