"""Gradients of a contrastive batch that does not fit: GradCache, and plain accumulation for everything else.

GradCache (Gao, Zhang, Han, Callan 2021, "Scaling deep contrastive learning batch size under memory limited setup"):
  (1) embed every chunk without a graph;  (2) loss on the whole batch of detached embeddings, backward to them;
  (3) embed every chunk again with a graph and push the cached gradients through it.
Exact up to rounding: the random state of each chunk is the same in (1) and (3). Not under BatchNorm in train mode,
whose statistics depend on the chunk: refused. A part without trained parameters (a locked tower) gets no gradients.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from sightline.data.batch import chunks_of, samples_in
from sightline.nn.conv.sync_norm import BATCHNORM
from sightline.nn.state.lock import locked
from sightline.protocols import Batch, Contrastive, Losses

Scale = Callable[[Tensor], Tensor]
"""loss -> what backward runs on (the gradient scaler's `scale`, or the identity)"""


def check_gradcache(method: nn.Module, name: str) -> None:
    """Raises ValueError where the batch is to be split and GradCache would not be exact."""
    if not isinstance(method, Contrastive):
        return
    kept = {part for tower in locked(method) for part in tower.modules()}  # in evaluation mode at every step
    for path, module in method.named_modules():
        if isinstance(module, BATCHNORM) and module.training and module not in kept:
            tower = path.partition(".")[0] in {"image", "text"}
            raise ValueError(
                f"{name}: micro splits a contrastive batch, and {path} is BatchNorm, whose statistics would change "
                f"with the split. {'Use a tower with LayerNorm (a ViT), or set' if tower else 'Set'} micro=0, with a "
                "smaller batch where memory is short"
            )


def backward_whole(forward: Callable[[Batch], Losses], batch: Batch, scale: Scale) -> Losses:
    """One forward, one backward."""
    losses = forward(batch)
    scale(total(losses)).backward()
    return detach(losses)


def backward_accumulated(
    forward: Callable[[Batch], Losses], batch: Batch, micro: int, scale: Scale, reseed: Callable[[int], None]
) -> Losses:
    """Mean over chunks of `micro` samples, each weighted by its share; exact where the loss is a mean over samples.

    `reseed(chunk)` puts the random state of that chunk in place.
    """
    count, sums = samples_in(batch), {}
    for number, (chunk, share) in enumerate(chunks_of(batch, micro)):
        reseed(number)
        losses = forward(chunk)
        weight = share / count
        scale(total(losses) * weight).backward()
        for name, value in detach(losses).items():
            sums[name] = sums.get(name, 0.0) + value * weight
    return sums


def backward_cached(method: Any, batch: Batch, micro: int, scale: Scale, reseed: Callable[[int], None]) -> Losses:
    """GradCache. `reseed(chunk)` puts the random state of that chunk in place, before each of its two forwards."""
    chunks = [chunk for chunk, _ in chunks_of(batch, micro)]
    parts: list[tuple[Tensor, ...]] = []
    with torch.no_grad():
        for number, chunk in enumerate(chunks):
            reseed(number)
            parts.append(method.embed(chunk))
    whole = tuple(torch.cat(column).detach().requires_grad_() for column in zip(*parts, strict=True))
    losses = method.compare(whole, batch)
    scale(total(losses)).backward()
    cached = [None if w.grad is None else w.grad.split([len(p[i]) for p in parts]) for i, w in enumerate(whole)]
    for number, chunk in enumerate(chunks):
        reseed(number)
        embedded = method.embed(chunk)
        # the vectors of a locked tower have no graph to go back through, unless a trained projection gives them one
        reached = [(x, g[number]) for x, g in zip(embedded, cached, strict=True) if g is not None and x.requires_grad]
        if not reached:  # nothing but what `compare` has learns: temperature, bias
            break
        torch.autograd.backward([x for x, _ in reached], [g for _, g in reached])
    return detach(losses)


def total(losses: Losses) -> Tensor:
    """The scalar that is minimised."""
    return torch.stack(list(losses.values())).sum()


def detach(losses: Losses) -> Losses:
    return {name: value.detach() for name, value in losses.items()}
