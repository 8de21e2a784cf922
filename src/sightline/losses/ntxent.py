r"""NT-Xent, the normalised temperature-scaled cross-entropy of SimCLR (Chen et al. 2020, arXiv:2002.05709, equation 1).

    l(i, j) = -log exp(s_ij / tau) / sum_{k != i} exp(s_ik / tau),    s = cosine,

averaged over the 2b ordered pairs of the b pictures' two views. The positive stands in its own denominator, the row
itself does not. Constant embeddings score ln(2b - 1).
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from sightline.losses.blocks import row_blocks, upcast


def nt_xent(
    first_view: Float[Tensor, "b d"],
    second_view: Float[Tensor, "b d"],
    temperature: float,
    *,
    first: int = 0,
    first_all: Float[Tensor, "m d"] | None = None,
    second_all: Float[Tensor, "m d"] | None = None,
    chunk: int | None = None,
) -> Float[Tensor, ""]:
    """The loss of my `b` pictures against everyone's `m`, of which mine start at `first`; mean over my 2b rows.

    Vectors are of unit length. Everyone's default to mine; the mean over ranks is the loss of the whole batch. `chunk`
    rows at a time, memory grows with m instead of b * m: the same value and gradients, each block of logits computed
    again in the backward pass. ValueError for a temperature that is not positive, or for a single picture, which has
    nothing to be told from.
    """
    if temperature <= 0:
        raise ValueError(f"a temperature is positive, got {temperature}; SimCLR's are 0.1 to 0.5")
    rows = torch.cat([upcast(first_view), upcast(second_view)])
    columns = rows
    if first_all is not None and second_all is not None:
        columns = torch.cat([upcast(first_all), upcast(second_all)])
    b, m = len(first_view), len(columns) // 2
    if m < 2:
        raise ValueError("a batch of one picture has no negatives, so nothing is learned: use a batch of 2 or more")
    me = torch.arange(first, first + b, device=rows.device)
    own = torch.cat([me, me + m])  # where each row stands among the columns: it is no negative of itself
    other = torch.cat([me + m, me])  # where its other view stands
    if chunk is not None:
        return _blocks(rows, columns, own, other, temperature, chunk)
    with torch.autocast(rows.device.type, enabled=False):
        logits = _logits(rows, columns, own, temperature)
    return F.cross_entropy(logits, other)


def _logits(rows: Tensor, columns: Tensor, own: Tensor, temperature: float) -> Tensor:
    """float32 or better, so that -inf is safe: in half precision a row of them has no softmax."""
    return (rows @ columns.T / temperature).scatter(1, own[:, None], float("-inf"))


def _blocks(*args: Any) -> Tensor:
    return _Blocks.apply(*args)  # pyright: ignore[reportReturnType]  # torch types apply as Any | None


class _Blocks(torch.autograd.Function):
    """Row block by row block; keeps the vectors and one log-sum a row, never the logits."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, columns: Tensor, own: Tensor, other: Tensor, temperature: float, chunk: int
    ) -> Tensor:
        with torch.autocast(rows.device.type, enabled=False):
            sums, hits = rows.new_empty(len(rows)), rows.new_empty(len(rows))
            for span in row_blocks(len(rows), chunk):
                logits = _logits(rows[span], columns, own[span], temperature)
                sums[span] = logits.logsumexp(1)
                hits[span] = logits.gather(1, other[span, None])[:, 0]
        ctx.save_for_backward(rows, columns, own, other, sums)
        ctx.temperature, ctx.chunk = temperature, chunk
        return (sums - hits).mean()

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # once_differentiable hides the names
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor | None, ...]:
        rows, columns, own, other, sums = ctx.saved_tensors
        with torch.autocast(rows.device.type, enabled=False):
            d_rows, d_columns = torch.empty_like(rows), torch.zeros_like(columns)
            for span in row_blocks(len(rows), ctx.chunk):
                slope = _logits(rows[span], columns, own[span], ctx.temperature).sub_(sums[span, None]).exp_()
                slope.scatter_add_(1, other[span, None], slope.new_full((len(slope), 1), -1.0))  # softmax - target
                slope *= grad_outputs[0] / (len(rows) * ctx.temperature)
                d_rows[span] = slope @ columns
                d_columns.addmm_(slope.T, rows[span])
        return d_rows, d_columns, None, None, None, None
