r"""The pairwise sigmoid loss (Zhai et al. 2023, https://arxiv.org/abs/2303.15343, eq. 1):

    L = -1/b sum_ij log sigmoid( z_ij (s x_i . y_j + bias) ),   z_ij = +1 where i and j belong together, else -1

Divided by b, not b^2. The sum over texts splits into blocks that may be added in any order, which is what the ring
does.
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from sightline.losses.blocks import positives, row_blocks, upcast


def sigmoid_contrastive(
    image: Float[Tensor, "b e"],
    text: Float[Tensor, "m e"],
    scale: Float[Tensor, ""],
    bias: Float[Tensor, ""],
    *,
    first: int | None = 0,
    groups: Int[Tensor, "b"] | None = None,
    groups_all: Int[Tensor, "m"] | None = None,
    chunk: int | None = None,
) -> Float[Tensor, ""]:
    """The part of the loss between my `b` images and a block of `m` texts, of which mine start at `first`.

    `first=None`: none of these texts is mine (another rank's block). With `groups` (of the images) and `groups_all`
    (of the texts; mine by default) equal captions are positives wherever they stand. `chunk` rows at a time memory
    grows with m instead of b * m, with the same value and gradients.
    """
    image, text = upcast(image), upcast(text)
    scale, bias = scale.to(image.dtype), bias.to(image.dtype)
    everyone_groups = groups if groups_all is None else groups_all
    if chunk is not None:
        return _rows(image, text, scale, bias, first, groups, everyone_groups, chunk)
    return _pairs(image, text, scale, bias, first, groups, everyone_groups).sum() / len(image)


def sigmoid_pairs(
    image: Float[Tensor, "b e"],
    text: Float[Tensor, "m e"],
    scale: Float[Tensor, ""],
    bias: Float[Tensor, ""],
    *,
    first: int | None = 0,
    groups: Int[Tensor, "b"] | None = None,
    groups_all: Int[Tensor, "m"] | None = None,
) -> Float[Tensor, "b m"]:
    """-log sigmoid(z_ij (s x_i . y_j + bias)) of every pair by itself: b times `sigmoid_contrastive` is their sum."""
    image, text = upcast(image), upcast(text)
    everyone_groups = groups if groups_all is None else groups_all
    return _pairs(image, text, scale.to(image.dtype), bias.to(image.dtype), first, groups, everyone_groups)


def _pairs(
    image: Tensor,
    text: Tensor,
    scale: Tensor,
    bias: Tensor,
    first: int | None,
    groups: Tensor | None,
    groups_all: Tensor | None,
    span: slice | None = None,
) -> Tensor:
    """The terms of the rows of `span`, of all without one."""
    span = slice(0, len(image)) if span is None else span
    with torch.autocast(image.device.type, enabled=False):
        logits = scale * image[span] @ text.T + bias
    mask = positives(span, len(text), first, groups, groups_all, logits)
    # -log sigmoid(-x) = softplus(x), and a positive needs softplus(-x)
    return F.softplus(torch.where(mask, -logits, logits))


def _rows(*args: Any) -> Tensor:
    return _Rows.apply(*args)  # pyright: ignore[reportReturnType]  # torch types apply as Any | None


class _Rows(torch.autograd.Function):
    """The sum over row blocks; keeps the inputs only and computes each block of logits again in the backward pass."""

    @staticmethod
    def forward(
        ctx: Any,
        image: Tensor,
        text: Tensor,
        scale: Tensor,
        bias: Tensor,
        first: int | None,
        groups: Tensor | None,
        groups_all: Tensor | None,
        chunk: int,
    ) -> Tensor:
        total = image.new_zeros(())
        for span in row_blocks(len(image), chunk):
            total += _pairs(image, text, scale, bias, first, groups, groups_all, span).sum()
        ctx.save_for_backward(image, text, scale, bias, groups, groups_all)
        ctx.first, ctx.chunk = first, chunk
        return total / len(image)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # once_differentiable hides the names
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor | None, ...]:
        image, text, scale, bias, groups, groups_all = ctx.saved_tensors
        d_image, d_text = torch.empty_like(image), torch.zeros_like(text)
        d_scale, d_bias = torch.zeros_like(scale), torch.zeros_like(bias)
        with torch.autocast(image.device.type, enabled=False):
            for span in row_blocks(len(image), ctx.chunk):
                cosines = image[span] @ text.T
                mask = positives(span, len(text), ctx.first, groups, groups_all, image)
                slope = (scale * cosines).add_(bias).sigmoid_().sub_(mask.to(image.dtype))  # sigmoid(x) - [positive]
                slope *= grad_outputs[0] / len(image)
                d_bias += slope.sum()
                d_scale += (slope * cosines).sum()
                slope *= scale
                d_image[span] = slope @ text
                d_text.addmm_(slope.T, image[span])
        return d_image, d_text, d_scale, d_bias, None, None, None, None
