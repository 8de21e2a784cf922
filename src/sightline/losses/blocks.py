"""What both contrastive losses share when they run in row blocks: the precision, the targets, the bookkeeping."""

from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def upcast(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """float32, or float64 as it is: logits of a scale of 100 lose the loss itself in 8 bits of mantissa."""
    return x if x.dtype == torch.float64 else x.float()


def identity(x: Tensor) -> Tensor:
    """What a loss's `everyone` is on one process."""
    return x


def row_blocks(rows: int, chunk: int) -> Iterator[slice]:
    """Row blocks of `chunk`, the last one ragged. ValueError for a chunk below 1."""
    if chunk < 1:
        raise ValueError(f"a loss in chunks needs at least 1 row a chunk, got {chunk}; pass None for all at once")
    return (slice(start, min(start + chunk, rows)) for start in range(0, rows, chunk))


def positives(
    span: slice,
    m: int,
    first: int | None,
    groups: Int[Tensor, "b"] | None,
    groups_all: Int[Tensor, "m"] | None,
    like: Tensor,
) -> Bool[Tensor, "c m"]:
    """True where row `span` and a column belong together: equal groups, or column first + row; none where first is
    None.
    """
    if groups is not None and groups_all is not None:
        return groups[span, None] == groups_all[None]
    mask = torch.zeros(span.stop - span.start, m, dtype=torch.bool, device=like.device)
    if first is not None:
        mask.diagonal(first + span.start).fill_(True)
    return mask
