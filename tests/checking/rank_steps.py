"""A few steps of a method on this rank's share of a batch: what two ranks are compared with one by."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from sightline import dist


def trained(
    method: nn.Module, batches: Iterable[Mapping[str, Any]], total: int, rate: float
) -> tuple[list[float], dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """(losses of the whole batch, gradients of the first step, last state), by SGD at `rate` in a run of `total`."""
    learns = [p for p in method.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learns, lr=rate)
    losses, gradients = [], {}
    for step, batch in enumerate(batches):
        method.before_step(step, total)
        loss = sum(method(batch).values())
        optimizer.zero_grad()
        loss.backward()
        dist.all_reduce_gradients(learns)
        if not step:
            gradients = {name: p.grad.clone() for name, p in method.named_parameters() if p.grad is not None}
        optimizer.step()
        method.after_step()
        losses.append(float(dist.mean(loss.detach())))
    return losses, gradients, {name: x.detach() for name, x in method.state_dict().items()}
