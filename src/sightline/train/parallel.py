"""One process or many: start-up under `torchrun`, and the wrapper that keeps replicas or shards in step.

Besides `sightline.dist` and `checkpoint.py` the only file that knows torch.distributed. Two ranks give the losses, the
weights and the statistics of one: every BatchNorm is over all ranks (nn/conv/sync_norm.py).
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.distributed import DistError, destroy_process_group, init_process_group, is_initialized
from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method
from torch.nn.parallel import DistributedDataParallel

from sightline.nn.cross import BLOCKS
from sightline.nn.tag import tag, tags
from sightline.weights.load import pick


@contextmanager
def processes(device: str) -> Iterator[torch.device]:
    """The process group of `torchrun`, if it started us, and this rank's device; torn down at the end.

    Raises ConnectionError where another process of the run ended before its time.
    """
    chosen = pick_device(device)
    mine = "WORLD_SIZE" in os.environ and not is_initialized()
    if mine:
        init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield chosen
    except RuntimeError as error:
        if mine and _lost(error):
            raise ConnectionError("another process of this run has ended; what it says is the reason") from error
        raise
    finally:
        if mine:
            destroy_process_group()


def _lost(error: RuntimeError) -> bool:
    """Whether it is how the exchange reports a process that is gone: gloo by its text alone."""
    return isinstance(error, DistError) or any(word in str(error) for word in ("by peer", "gloo", "Broken pipe"))


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
        if isinstance(module, BLOCKS):
            fully_shard(module)
    fully_shard(method)
    for name in ("embed", "compare"):
        if hasattr(method, name):
            register_fsdp_forward_method(method, name)
    return method


def sharded(method: nn.Module) -> bool:
    """Whether `shard` was called on it."""
    return isinstance(method, FSDPModule)


def reshard(method: nn.Module) -> None:
    """Lets go of the whole weights that a backward pass left behind: FSDP2 does so where a gradient comes by, and of a
    locked part none does."""
    for module in method.modules():
        if isinstance(module, FSDPModule):
            module.reshard()


def replicate(method: nn.Module) -> nn.Module:
    """DDP: gradients are averaged over ranks while backward runs.

    Buffers are not sent at every step: memory banks and centers are equal on all ranks by their own doing, and running
    statistics are read by the first rank alone, which evaluates and saves.
    """
    with warnings.catch_warnings():
        # the newer name of `broadcast_buffers` is not known to every torch that is supported
        warnings.simplefilter("ignore", FutureWarning)
        return DistributedDataParallel(method, gradient_as_bucket_view=True, broadcast_buffers=False)
