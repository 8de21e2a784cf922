"""A picture's caption by a decoder that looks at its tokens: CapPa's mixture, the same in LocCa and SigLIP 2."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sightline.losses.caption import caption_loss, up_to_end
from sightline.nn.noise import rank_rows
from sightline.protocols import Features


def captioned(decoder: Any, picture: Features, ids: Int[Tensor, "b n"], parallel: float) -> Float[Tensor, " b"]:
    """The loss of each caption (`losses/caption.py`); a share `parallel` of them is predicted all at once, the others
    token after token, by the same `decoder` (a `nn.text_decoder.CaptionDecoder`).

    Which ones is drawn anew for every step (`nn/noise.py`), for each picture by itself.
    """
    at_once = rank_rows(torch.rand, (len(ids),), ids.device) < parallel if parallel else None
    logits = decoder(ids, picture.tokens, picture.mask, at_once=at_once)
    return caption_loss(logits, ids, up_to_end(ids, decoder.end))


def must_be_share(parallel: float) -> None:
    """ValueError for a share of captions outside of 0 to 1."""
    if not 0 <= parallel <= 1:
        raise ValueError(f"parallel={parallel}: the share of captions predicted all at once lies between 0 and 1")
