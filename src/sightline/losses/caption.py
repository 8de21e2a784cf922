r"""What a captioner pays for a text: the cross-entropy of its tokens, padding left out.

    L_i = -1/n_i sum_{k <= n_i} log softmax(z_ik)_{y_ik},   n_i tokens of text i, its first end token the last

The loss of CapPa (Tschannen et al. 2023, https://arxiv.org/abs/2306.07915, section 3), the same whether z_ik was made
from the tokens before k or from none of them (parallel prediction). A text is padded with ids that nobody has to learn;
where the padding is the end token again (SigLIP's vocabulary), counting it would teach to end for ever and hide what is
wrong with the rest. Each text counts alike however long it is, as in big_vision; open_clip's CoCa and transformers
average over all tokens of the batch, which is the mean of L_i weighted by n_i.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sightline.losses.blocks import upcast


def caption_loss(
    logits: Float[Tensor, "b n v"], ids: Int[Tensor, "b n"], told: Bool[Tensor, "b n"], smoothing: float = 0.0
) -> Float[Tensor, " b"]:
    """L_i of each text, in float32 or better: the mean over the tokens that are `told`, 0 where none is.

    With `smoothing` e the target of a token is its id with 1 - e and all v ids alike with e / v each (Szegedy et al.
    2015, https://arxiv.org/abs/1512.00567, section 7), in place of the id alone.
    """
    with torch.autocast(logits.device.type, enabled=False):
        each = F.cross_entropy(upcast(logits).transpose(1, 2), ids, reduction="none", label_smoothing=smoothing)
    return each.masked_fill(~told, 0.0).sum(1) / told.sum(1).clamp(min=1)


def up_to_end(ids: Int[Tensor, "b n"], end: int) -> Bool[Tensor, "b n"]:
    """True for the tokens of each text, its first end token among them; all of a text that was cut before its end."""
    ended = (ids == end).cumsum(1)
    return (ended == 0) | ((ended == 1) & (ids == end))
