r"""InfoNCE between images and texts, symmetric, with the weight lambda between its two directions.

    L = lambda * mean_i CE(s V U^T, i)  +  (1 - lambda) * mean_i CE(s U V^T, i)

The first term is image to text (a softmax over the texts for a fixed image), the second text to image. lambda = 1/2 is
CLIP (Radford et al. 2021, https://arxiv.org/abs/2103.00020, figure 3); ConVIRT, where the form comes from, weighs
unevenly. With `groups`, every caption equal to mine is a positive and a row's target is uniform over them (SupCon's
"out" form is the same sum); without, the target is the pair itself.
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from sightline.losses.blocks import positives, row_blocks, upcast


def info_nce(
    image: Float[Tensor, "b e"],
    text: Float[Tensor, "b e"],
    scale: Float[Tensor, ""],
    *,
    weight: float = 0.5,
    first: int = 0,
    image_all: Float[Tensor, "m e"] | None = None,
    text_all: Float[Tensor, "m e"] | None = None,
    groups: Int[Tensor, "b"] | None = None,
    groups_all: Int[Tensor, "m"] | None = None,
    chunk: int | None = None,
) -> Float[Tensor, ""]:
    """The loss of my `b` pairs against everyone's `m`, of which mine start at `first`; mean over my rows.

    Vectors are unit length and `scale` is already exponentiated. Everyone's default to mine. The mean over ranks is
    the loss of the whole batch. `chunk` rows at a time, memory grows with m instead of b * m: the same value and
    gradients, each block of logits computed again in the backward pass.
    """
    image, text = upcast(image), upcast(text)
    everyone_image = image if image_all is None else upcast(image_all)
    everyone_text = text if text_all is None else upcast(text_all)
    everyone_groups = groups if groups_all is None else groups_all
    scale = scale.to(image.dtype)
    if chunk is not None:
        to_text = _rows(image, everyone_text, scale, first, groups, everyone_groups, chunk)
        to_image = _rows(text, everyone_image, scale, first, groups, everyone_groups, chunk)
        return weight * to_text + (1 - weight) * to_image
    with torch.autocast(image.device.type, enabled=False):
        logits = scale * image @ everyone_text.T
        alone = everyone_text is text and everyone_image is image
        transposed = logits.T if alone else scale * text @ everyone_image.T
    whole = slice(0, len(image))
    if groups is None:
        target = torch.arange(first, first + len(image), device=image.device)
    else:
        mask = positives(whole, logits.shape[1], first, groups, everyone_groups, logits).to(logits.dtype)
        target = mask / mask.sum(1, keepdim=True)
    return weight * F.cross_entropy(logits, target) + (1 - weight) * F.cross_entropy(transposed, target)


def _rows(*args: Any) -> Tensor:
    return _Rows.apply(*args)  # pyright: ignore[reportReturnType]  # torch types apply as Any | None


class _Rows(torch.autograd.Function):
    """One direction, row block by row block; keeps the inputs and one log-sum a row, never the logits."""

    @staticmethod
    def forward(
        ctx: Any,
        rows: Tensor,
        columns: Tensor,
        scale: Tensor,
        first: int,
        groups: Tensor | None,
        groups_all: Tensor | None,
        chunk: int,
    ) -> Tensor:
        with torch.autocast(rows.device.type, enabled=False):
            sums, hits = rows.new_empty(len(rows)), rows.new_empty(len(rows))
            for span in row_blocks(len(rows), chunk):
                logits = scale * rows[span] @ columns.T
                sums[span] = logits.logsumexp(1)
                if groups is None:
                    hits[span] = logits.diagonal(first + span.start)[: len(logits)]
                else:
                    mask = positives(span, len(columns), first, groups, groups_all, rows)
                    hits[span] = logits.masked_fill_(~mask, 0).sum(1) / mask.sum(1)
        ctx.save_for_backward(rows, columns, scale, sums, groups, groups_all)
        ctx.first, ctx.chunk = first, chunk
        return (sums - hits).mean()

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # once_differentiable hides the names
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor | None, ...]:
        rows, columns, scale, sums, groups, groups_all = ctx.saved_tensors
        with torch.autocast(rows.device.type, enabled=False):
            d_rows, d_columns, d_scale = torch.empty_like(rows), torch.zeros_like(columns), torch.zeros_like(scale)
            for span in row_blocks(len(rows), ctx.chunk):
                cosines = rows[span] @ columns.T
                slope = (scale * cosines).sub_(sums[span, None]).exp_()  # softmax - target
                if groups is None:
                    slope.diagonal(ctx.first + span.start)[: len(slope)].sub_(1)
                else:
                    mask = positives(span, len(columns), ctx.first, groups, groups_all, rows).to(slope.dtype)
                    slope -= mask / mask.sum(1, keepdim=True)
                slope *= grad_outputs[0] / len(rows)
                d_scale += (slope * cosines).sum()
                slope *= scale
                d_rows[span] = slope @ columns
                d_columns.addmm_(slope.T, rows[span])
        return d_rows, d_columns, d_scale, None, None, None, None
