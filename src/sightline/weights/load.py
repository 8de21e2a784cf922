"""`load(name)`: the one grammar of encoder names."""

import re
from pathlib import Path

import torch

from sightline.weights.encoder import Precision, TorchEncoder
from sightline.weights.run import load_encoder

PUBLISHED = ("hf-hub:", "hf_hub:", "open_clip:", "timm:")
READS = "a run folder (runs/icons), local-dir:PATH"


def load(name: str | Path, device: str = "auto", precision: Precision = "float32") -> TorchEncoder:
    """The encoder called `name`: a run folder or an exported folder, also written `local-dir:PATH`.

    `device`: auto, cpu, cuda, cuda:1, mps. `precision` "bfloat16" runs the towers under autocast; on a CPU without bf16
    instructions that is slower, so it is never chosen by itself. Raises ValueError saying what is wrong and what this
    version loads.

    >>> import sightline
    >>> encoder = sightline.load("runs/icons")                             # doctest: +SKIP
    >>> encoder.encode_text(["credit card"], normalize=True).shape         # doctest: +SKIP
    torch.Size([1, 256])
    """
    where = str(name)
    if where.startswith(PUBLISHED):
        raise ValueError(f"{where!r}: published encoders are not loaded by this version. It loads {READS}")
    scheme = re.match(r"([a-z][a-z_-]+):", where)  # two letters at least: C:\runs is a path
    if scheme and scheme[1] != "local-dir" and not Path(where).exists():
        raise ValueError(f"{where!r}: unknown kind of encoder {scheme[1]!r}. This version loads {READS}")
    return load_encoder(_run(Path(where.removeprefix("local-dir:"))), device=pick(device), precision=precision)


def pick(device: str) -> torch.device:
    """`auto` is the first of cuda, mps, cpu that is there. Raises ValueError for an unknown or absent device."""
    if device == "auto":
        best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        return torch.device(best)
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"unknown device {device!r}; use auto, cpu, cuda, cuda:N or mps") from error
    absent = {"cuda": not torch.cuda.is_available(), "mps": not torch.backends.mps.is_available()}
    if absent.get(chosen.type, False):
        raise ValueError(f"device {device!r} is not available on this machine; use auto or cpu")
    return chosen


def _run(folder: Path) -> Path:
    """Where the description lies: at the top of a run (the trainer keeps the chosen encoder there), else in `best/`."""
    if folder.is_file():
        raise ValueError(f"{folder} is a file; name the folder that holds encoder.json")
    if not folder.is_dir():
        raise ValueError(
            f"there is no encoder at {folder}. This version loads {READS}; train one with `sightline train`"
        )
    if not (folder / "encoder.json").is_file() and (folder / "best" / "encoder.json").is_file():
        return folder / "best"
    return folder
