"""One process or many: start-up under `torchrun`, and the wrapper that keeps replicas or shards in step.

Besides `sightline.dist` and `checkpoint.py` the only file that knows torch.distributed. Two ranks give the losses and
gradients of one for LayerNorm towers; BatchNorm normalises over each rank's own samples, as in every DDP trainer,
except where a method asks for all of them (nn/sync_norm.py).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.distributed import destroy_process_group, init_process_group, is_initialized
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
from torch.nn.parallel import DistributedDataParallel

from sightline.nn.tag import tag, tags
from sightline.nn.transformer import Block
from sightline.weights.load import pick


@contextmanager
def processes(device: str) -> Iterator[torch.device]:
    """The process group of `torchrun`, if it started us, and this rank's device; torn down at the end."""
    chosen = pick_device(device)
    mine = "WORLD_SIZE" in os.environ and not is_initialized()
    if mine:
        init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield chosen
    finally:
        if mine:
            destroy_process_group()


def pick_device(device: str) -> torch.device:
    """What `load` would take for `device`; of several CUDA devices this rank's own. ValueError for one not there."""
    chosen = pick(device)
    if chosen.type == "cuda" and chosen.index is None:
        chosen = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    return chosen


def shard(method: nn.Module) -> nn.Module:
    """FSDP2 in place: each transformer block its own unit, the rest one more; `embed` and `compare` gather as well.

    FSDP2 shards rows, and a learned temperature has none: scalars become one row (checkpoints are read either way).
    """
    for module in list(method.modules()):
        for name, parameter in list(module.named_parameters(recurse=False)):
            if parameter.ndim == 0:
                lifted = nn.Parameter(parameter.detach().reshape(1), requires_grad=parameter.requires_grad)
                tag(lifted, *tags(parameter))
                setattr(module, name, lifted)
    for module in method.modules():
        if isinstance(module, Block):
            fully_shard(module)
    fully_shard(method)
    for name in ("embed", "compare"):
        if hasattr(method, name):
            register_fsdp_forward_method(method, name)
    return method


def replicate(method: nn.Module) -> nn.Module:
    """DDP: gradients are averaged over ranks while backward runs.

    Buffers are not sent at every step: memory banks and centers are equal on all ranks by their own doing, and running
    statistics are read by the first rank alone, which evaluates and saves.
    """
    return DistributedDataParallel(method, gradient_as_bucket_view=True, broadcast_buffers=False)
