"""LocCa's two texts of a region, "words : box" and "box : words", as rows of tokens that a decoder learns to write.

The words come from the loader (`regions`), the box from where the augmentation has taken it (`boxes`, `box_ids`): what
moves or mirrors the picture moves its boxes and exchanges its sides.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sightline.losses.caption import caption_loss, up_to_end
from sightline.nn.box_tokens import BoxTokens
from sightline.protocols import Batch, Features
from sightline.towers.text import values_known


def located(decoder: Any, picture: Features, batch: Batch) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
    """(the loss of each picture's "words : box", that of its "box : words"); 0 where a picture has no such region.

    `decoder` is a `nn.text_decoder.CaptionDecoder` with boxes. All of both texts is learnt, words and box.
    """
    tokens: BoxTokens = decoder.boxes
    boxes, there = drawn_boxes(batch)
    refer = tokens.searched(batch["regions"][:, 0], boxes[:, 0], decoder.end)
    describe = tokens.described(batch["regions"][:, 1], boxes[:, 1], decoder.end)
    return (
        _written(decoder, picture, refer, tokens.refer, there[:, 0]),
        _written(decoder, picture, describe, tokens.describe, there[:, 1]),
    )


def drawn_boxes(batch: Batch) -> tuple[Float[Tensor, "b r 4"], Bool[Tensor, "b r"]]:
    """(the boxes `region_ids` in shares of `image`'s sides, whether the view still shows them); 0 where it does not."""
    ids, image = batch["region_ids"], batch["image"]
    # of a square one side; of pictures that keep their shape the width and height of each
    sides = image.shape[-1] if isinstance(image, Tensor) else batch["size"].flip(1).repeat(1, 2)[:, None]
    counts = torch.tensor([len(one) for one in batch["boxes"]])
    owner = torch.arange(len(ids)).repeat_interleave(counts).to(ids.device)
    # a row of no sample in front, so that there is one to point to
    boxes = torch.cat([ids.new_zeros(1, 4, dtype=torch.float32), *batch["boxes"]])
    number = torch.cat([ids.new_full((1,), -1), *batch["box_ids"]])
    owner = torch.cat([owner.new_full((1,), -1), owner])
    rows = torch.arange(len(ids), device=ids.device)[:, None, None]
    same = (owner == rows) & (number == ids[..., None])
    return boxes[same.int().argmax(-1)] / sides, same.any(-1)


def _written(
    decoder: Any, picture: Features, ids: Int[Tensor, "b n"], start: int, there: Bool[Tensor, " b"]
) -> Float[Tensor, " b"]:
    told = up_to_end(ids, decoder.end)
    if values_known(ids):
        # nothing follows an end token: an accelerator would wait for the length and compile every one anew
        longest = max(1, int(told.sum(1).max())) if len(ids) else 1
        ids, told = ids[:, :longest], told[:, :longest]
    logits = decoder(ids, picture.tokens, picture.mask, start=start)
    return caption_loss(logits, ids, told & there[:, None])
