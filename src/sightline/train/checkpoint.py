"""Checkpoints: one file, written whole or not at all, read back without unpickling anything but tensors.

The file holds the method, the optimisers, the average, the gradient scaler, the step and the phase. No random state:
every draw of the data is a function of (seed, step, sample), see `data/draw.py`, and a model's own (drop path, the
noise of NCE and of the denoising autoencoder) of (seed, step, part of the batch). Under DDP and FSDP2 the tensors are
gathered by `torch.distributed.checkpoint.state_dict`, so a run may go on with another number of devices.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from sightline.data.atomic import atomic_write

FORMAT = 1
DAMAGED = (RuntimeError, UnpicklingError, EOFError, OSError, ValueError, KeyError)  # torch's ways to report a cut file
KERNELS = ("fused", "foreach")
"""settings of an optimiser that say how it computes, not what"""
FULL = StateDictOptions(full_state_dict=True, cpu_offload=True)


def write_whole(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Runs `write(file)`; `path` is then the new file, or as it was before and OSError tells why (a full disk)."""
    try:
        with atomic_write(path) as [temporary], temporary.open("wb") as file:
            write(file)
    except RuntimeError as error:  # how torch's zip writer reports a failed write
        raise OSError(f"could not write {path}: {error}; what was there before is unchanged") from error


def copy_whole(source: Path, target: Path) -> None:
    """A copy that is never half-written."""
    content = source.read_bytes()
    write_whole(target, lambda file: file.write(content))


def gather_weights(method: nn.Module) -> dict[str, Any]:
    """The full state dictionary on the CPU; a collective where there are several ranks."""
    return get_model_state_dict(method, options=FULL)


def gather_moments(method: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The optimiser's full state, by parameter name; a collective where there are several ranks. Empty of one that has
    taken no step: torch would make it take one, of zeros, which counts."""
    if not optimizer.state:
        return {"state": {}, "param_groups": []}
    return get_optimizer_state_dict(method, optimizer, options=FULL)


def load_weights(method: nn.Module, state: dict[str, Any]) -> None:
    """The inverse of `gather_weights`, onto whatever devices and shards the method has now."""
    shapes = {name: value.shape for name, value in method.state_dict().items()}
    fitting = {name: value.reshape(shapes.get(name, value.shape)) for name, value in state.items()}
    set_model_state_dict(method, fitting, options=StateDictOptions(full_state_dict=True))


def load_moments(method: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """The inverse of `gather_moments`; parameters that `state` does not know start anew."""
    if not state["state"]:
        optimizer.state.clear()
        return
    shapes = {name: value.shape for name, value in method.named_parameters()}
    for name, moments in state["state"].items():
        for key, value in moments.items():
            if value.numel() == shapes[name].numel() == 1 and key != "step":
                moments[key] = value.reshape(shapes[name])
    # not strict: prototypes still frozen when it was saved have no moments yet (loop.py); weights are read strictly
    options = StateDictOptions(full_state_dict=True, strict=False)
    kernels = [{key: group[key] for key in KERNELS if key in group} for group in optimizer.param_groups]
    set_optimizer_state_dict(method, optimizer, state, options=options)
    for group, own in zip(optimizer.param_groups, kernels, strict=True):
        group.update(own)  # that of whoever saved it may not know shards
    if isinstance(optimizer, torch.optim.SGD):
        return  # zeros are what it begins with, and its fused kernel takes moments of all parameters or of none
    for name, parameter in method.named_parameters():
        if name not in state["state"]:  # torch has counted a step for it, of zeros, to make room for what it reads
            optimizer.state.pop(parameter, None)


def carry_weights(method: nn.Module, state: Mapping[str, Tensor]) -> list[str]:
    """Fills `method`, not sharded yet, with those tensors of `state` (another method's `gather_weights`) that have the
    same name and shape. Returns the names of its others, which stay as they are."""
    fresh = []
    with torch.no_grad():
        for name, own in method.state_dict().items():
            if _alike(state.get(name), own):
                own.copy_(state[name].reshape(own.shape))
            else:
                fresh.append(name)
    return fresh


def carry_moments(method: nn.Module, optimizer: torch.optim.Optimizer, known: Mapping[str, Any]) -> None:
    """Gives a new optimiser the moments `known`, {parameter's name: {moment: tensor}}, of parameters that have the same
    shape; the others start without."""
    names = {p: name for name, p in method.named_parameters()}
    shapes = {name: p for p, name in names.items()}
    fitting = {
        name: dict(moments)
        for name, moments in known.items()
        if all(key == "step" or _alike(value, shapes[name]) for key, value in moments.items())
    }
    own = [
        {key: [names[p] for p in value] if key == "params" else value for key, value in group.items()}
        for group in optimizer.param_groups
    ]
    load_moments(method, optimizer, {"state": fitting, "param_groups": own})


def _alike(one: Tensor | None, other: Tensor) -> bool:
    """Whether they are of one shape; FSDP2 makes rows of scalars (parallel.py)."""
    return one is not None and (one.shape == other.shape or one.numel() == other.numel() == 1)


def save(path: Path, state: dict[str, Any]) -> None:
    """One file; raises OSError, with the old file intact, when it cannot be written."""
    write_whole(path, lambda file: torch.save({"format": FORMAT, **state}, file))


def load(path: Path) -> dict[str, Any]:
    """Raises ValueError naming the file where it is cut, of another kind, or of a newer format."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=False)
    except DAMAGED as error:
        reason = f"{type(error).__name__} {error}".splitlines()[0].strip()
        raise ValueError(
            f"{path} cannot be read ({reason}). It was cut or changed by something else; start over with --fresh"
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        found = state.get("format") if isinstance(state, dict) else type(state).__name__
        raise ValueError(f"{path} has checkpoint format {found}; this version reads {FORMAT}")
    return state
