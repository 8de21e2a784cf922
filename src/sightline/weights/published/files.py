"""The files of a published folder: which config and which weights belong together, and reading them without running
anything that lies in them.
"""

import itertools
import json
import pickle
import warnings
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

PAIRS = (
    ("config.json", ("model.safetensors", "pytorch_model.bin")),
    ("open_clip_config.json", ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")),
)
"""A config and the weights written beside it, best first; where a folder has several layouts the first one is read."""
ENDINGS = (".safetensors", ".pt", ".pth", ".bin")
INDEX = ".index.json"
NESTS = ("state_dict", "model", "teacher", "ema", "model_state_dict", "module")
"""Where a training checkpoint keeps the weights: the teacher is what self-distillation methods publish"""
WRAPPERS = (*(f"{nest}." for nest in NESTS), "_forward_module.")
"""What data parallelism, Lightning and a state dict saved flat put before every name"""
INSIDE = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""What torch.compile, FSDP and checkpointed activations put before the names of any module, inner ones too"""


@dataclass(frozen=True)
class Found:
    """A config (None where there is none) and the files of weights that go with it."""

    config: Path | None
    weights: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        return self.weights[0].parent


def find(where: str | Path) -> Found | None:
    """What lies at `where`, a folder or one file of weights; None where it holds no published weights.

    Raises ValueError where a config has no weights beside it, an index names a file that is not there, or there are
    several files to choose from and no config.
    """
    where = Path(where)
    if where.is_file():
        if where.suffix not in ENDINGS:
            raise ValueError(f"{where} is no file of weights; those end in {', '.join(ENDINGS)}")
        config = where.parent / ("open_clip_config.json" if where.name.startswith("open_clip") else "config.json")
        return Found(config if config.is_file() else None, (where,))
    configs = [where / name for name, _ in PAIRS if (where / name).is_file()]
    for name, files in PAIRS:
        for file in files if (where / name).is_file() else ():
            if weights := _weights(where / file):
                return Found(where / name, weights)
    bare = sorted(path for path in where.glob("*") if path.suffix in ENDINGS and path.is_file())
    if len(bare) == 1:
        return Found(configs[0] if configs else None, (bare[0],))
    if configs:
        have = ", ".join(path.name for path in bare) or "none"
        raise ValueError(
            f"{configs[0]} has no weights beside it: expected {' or '.join(dict(PAIRS)[configs[0].name])} (there: "
            f"{have}). Download the folder again, or name one file of weights"
        )
    if bare:
        raise ValueError(
            f"{where} holds {', '.join(path.name for path in bare)} and no config: name one of these files"
        )
    return None


def read_config(found: Found) -> dict[str, Any]:
    """The config, {} where there is none. Raises ValueError naming a file that is cut or no JSON object."""
    return {} if found.config is None else read_object(found.config)


def read_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises ValueError naming the file where it is cut or something else."""
    value = _json(path)
    if not isinstance(value, dict):
        raise ValueError(f"{path} holds no JSON object; download it again")
    return value


def read_list(path: Path) -> list[Any]:
    """The list in a JSON file. Raises ValueError naming the file where it is cut or something else."""
    value = _json(path)
    if not isinstance(value, list):
        raise ValueError(f"{path} holds no JSON list; download it again")
    return value


def read_tensors(found: Found) -> dict[str, Tensor]:
    """Every tensor of the weights, from all shards, under the names that the model itself gave them. Raises ValueError
    naming the file that is cut, lacks tensors that the index promises, or is a pickle that holds more than tensors.
    """
    tensors: dict[str, Tensor] = {}
    for path in found.weights:
        tensors |= _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)
    index = _index_of(found.weights[0]) if len(found.weights) > 1 else None
    if index is not None:
        lacking = sorted(set(_weight_map(index)) - set(tensors))
        if lacking:
            raise ValueError(f"{index} promises {', '.join(lacking[:8])}, which no file holds; download them again")
    return unwrapped(tensors)


def unwrapped(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without what training wraps around a model, in any order: `module._orig_mod.head.weight`.

    What stands before all names goes; what compiling and sharding put before some goes too, unless two names would
    become one.
    """
    bare = dict(tensors)
    for part in INSIDE:
        names = {name: name.removeprefix(part).replace(f".{part}", ".") for name in bare}
        if len(set(names.values())) == len(names):
            bare = {names[name]: value for name, value in bare.items()}
    while wrapper := next((part for part in WRAPPERS if bare and all(name.startswith(part) for name in bare)), None):
        bare = {name.removeprefix(wrapper): value for name, value in bare.items()}
    return bare


def foreign(names: Iterable[str]) -> str:
    """What stands before every name, "encoder." or "net.trunk."; "" where nothing does or there is one name only."""
    every = [name.split(".") for name in names]
    shared = list(itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*every, strict=False)))
    return "".join(f"{parts[0]}." for parts in shared) if len(every) > 1 else ""


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is cut or not JSON ({error}); download it again") from error


def _weights(file: Path) -> tuple[Path, ...]:
    """The file, else the shards that an index beside its place names; () where there is neither."""
    if file.is_file():
        return (file,)
    index = file.with_name(file.name + INDEX)
    if not index.is_file():
        return ()
    shards = sorted({file.parent / Path(name).name for name in _weight_map(index).values()})
    lacking = [path.name for path in shards if not path.is_file()]
    if lacking or not shards:
        raise ValueError(f"{index} names {', '.join(lacking) or 'nothing'}, which is not there; download it again")
    return tuple(shards)


def _index_of(shard: Path) -> Path | None:
    indices = [path for path in shard.parent.glob(f"*{INDEX}") if shard.name in _weight_map(path).values()]
    return indices[0] if indices else None


def _weight_map(index: Path) -> Mapping[str, str]:
    names = read_object(index).get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise ValueError(f"{index} has no weight_map; download it again")
    return names


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is cut or damaged ({error}); download it again") from error


def _pickled(path: Path) -> dict[str, Tensor]:
    # training checkpoints keep their settings beside the weights, as a Namespace: attributes and nothing that runs
    with _explained(path), warnings.catch_warnings(), torch.serialization.safe_globals([Namespace]):
        # about the version of the pickle, which is read whole or refused
        warnings.simplefilter("ignore", UserWarning)
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    state = _state(loaded)
    if state is None:
        raise ValueError(f"{path} holds no tensors by name; expected a state dict, or one under {', '.join(NESTS)}")
    return state


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except pickle.UnpicklingError as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"{path} is a pickle that holds more than tensors, and is not opened: running what it holds could do "
            f"anything to this machine ({reason}). Where you trust its author, convert it elsewhere: save its state "
            "dict with safetensors.torch.save_file"
        ) from error
    except (RuntimeError, EOFError, OSError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        script = "TorchScript" in str(error) or "torch.jit" in str(error)
        how = (
            "Save the state_dict() of torch.jit.load(...) with safetensors.torch.save_file"
            if script
            else "Download it again"
        )
        raise ValueError(f"{path} cannot be read as weights ({reason}). {how}") from error


def _state(loaded: Any) -> dict[str, Tensor] | None:
    """The state dict in `loaded`: itself, or where a training checkpoint keeps it."""
    if not isinstance(loaded, Mapping):
        return None
    tensors = {name: value for name, value in loaded.items() if isinstance(name, str) and isinstance(value, Tensor)}
    nested = [found for name in NESTS if (found := _state(loaded.get(name))) is not None]
    # a whole model beside a few counters kept as tensors: the larger one is meant
    return max([*nested, tensors], key=len) if nested else tensors or None
