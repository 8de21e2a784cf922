"""The only file that knows about ranks: who am I, everyone's rows with gradient, texts around a ring, sums of
gradients.

Every function is the identity (or nothing) on one process. The convention of the gradients is DDP's: each rank backs
its own loss, parameters' gradients are averaged afterwards. So the backward of an exchange sums what all ranks want of
a row, and the average over ranks is then the gradient of the mean of their losses: that of one process with the whole
batch.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.autograd.function import once_differentiable


def rank() -> int:
    """My number, from 0."""
    return dist.get_rank() if _several_ranks() else 0


def world() -> int:
    """How many processes train together."""
    return dist.get_world_size() if _several_ranks() else 1


def offset(b: int) -> int:
    """Where my `b` rows start among everyone's: the `first` of the losses."""
    return rank() * b


def gather(x: Shaped[Tensor, "b *d"]) -> Shaped[Tensor, "m *d"]:
    """Everyone's rows in order of ranks, mine at `offset(b)`; every rank holds equally many. Gradients flow back."""
    if world() == 1:
        return x
    return _Gather.apply(x)  # pyright: ignore[reportReturnType]


def gather_uneven(x: Shaped[Tensor, "b *d"]) -> Shaped[Tensor, "m *d"]:
    """Everyone's rows in order of ranks, where ranks hold different numbers of them, or none. Gradients flow back."""
    if world() == 1:
        return x
    counts = gather(torch.tensor([len(x)], device=x.device)).tolist()
    if not max(counts):
        return x
    padded = torch.cat([x, x.new_zeros(max(counts) - len(x), *x.shape[1:])])
    parts = gather(padded).split(max(counts))
    return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])


def ring(x: Float[Tensor, "b d"]) -> Iterator[tuple[int, Float[Tensor, "b d"]]]:
    """(owner, rows) for every rank's rows in turn, mine first; each step passes the blocks on to the next rank.

    A block and its b x b logits at a time instead of b x m. Gradients travel the ring backwards to the owner, so each
    rank must use every block.
    """
    me, count = rank(), world()
    for step in range(count):
        if step:
            x = _Shift.apply(x)  # pyright: ignore[reportAssignmentType]
        yield (me - step) % count, x


def mean(x: Tensor) -> Tensor:
    """The mean over ranks, without gradient: for logging and for decisions all ranks must take alike."""
    return total(x) / world()


def total(x: Tensor) -> Tensor:
    """The sum over ranks, without gradient: for statistics of the whole batch (centers, counts)."""
    if world() == 1:
        return x.detach()
    everyone = x.detach().clone()
    dist.all_reduce(everyone)
    return everyone


def any_true(mine: bool) -> bool:
    """Whether any rank says yes: for decisions that one rank's clock, signal or score makes for all."""
    if world() == 1:
        return mine
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    said = torch.tensor(float(mine), device=device)
    dist.all_reduce(said, dist.ReduceOp.MAX)
    return bool(said)


def merged(mine: dict[str, str]) -> dict[str, str]:
    """Everyone's entries, where one rank alone tells what all have met (samples that could not be read)."""
    if world() == 1:
        return dict(mine)
    parts: list[Any] = [None] * world()
    dist.all_gather_object(parts, mine)
    return {key: value for part in parts for key, value in part.items()}


def barrier() -> None:
    """Wait for everyone."""
    if world() > 1:
        dist.barrier()


def all_reduce_gradients(parameters: Iterable[Tensor]) -> None:
    """Average the gradients over ranks, in place: what DDP does, for steps that run outside it (GradCache).

    One exchange for each dtype; every rank must hold gradients for the same parameters.
    """
    if world() == 1:
        return
    kinds: dict[torch.dtype, list[Tensor]] = {}
    for parameter in parameters:
        if parameter.grad is not None:
            kinds.setdefault(parameter.grad.dtype, []).append(parameter.grad)
    for grads in kinds.values():
        flat = torch.cat([grad.flatten() for grad in grads])
        dist.all_reduce(flat)
        flat /= world()
        for grad, part in zip(grads, flat.split([grad.numel() for grad in grads]), strict=True):
            grad.copy_(part.view_as(grad))


@contextmanager
def alone() -> Iterator[None]:
    """As if there were one process: for what one of them computes while the others do not, who would wait for ever."""
    _alone.append(True)
    try:
        yield
    finally:
        _alone.pop()


_alone: list[bool] = []
"""not empty within `alone()`"""


def _several_ranks() -> bool:
    return not _alone and dist.is_available() and dist.is_initialized()


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.rows = len(x)
        parts = [torch.empty_like(x) for _ in range(world())]
        dist.all_gather(parts, x.contiguous())
        return torch.cat(parts)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # once_differentiable hides the names
        ctx: Any, *grad_outputs: Tensor
    ) -> Tensor:
        # A reduce-scatter would move half as much, but not every backend has it; m x e floats are little beside a
        # tower.
        grad = grad_outputs[0].contiguous().clone()
        dist.all_reduce(grad)
        return grad[offset(ctx.rows) : offset(ctx.rows) + ctx.rows]


class _Shift(torch.autograd.Function):
    """My rows to the next rank, the previous rank's to me; gradients the other way."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return _exchange(x, +1)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # once_differentiable hides the names
        ctx: Any, *grad_outputs: Tensor
    ) -> Tensor:
        return _exchange(grad_outputs[0], -1)


def _exchange(x: Tensor, step: int) -> Tensor:
    x, received = x.contiguous(), torch.empty_like(x)
    to, origin = (rank() + step) % world(), (rank() - step) % world()
    sends = dist.P2POp(dist.isend, x, to)
    takes = dist.P2POp(dist.irecv, received, origin)
    for work in dist.batch_isend_irecv([sends, takes]):
        work.wait()
    return received
