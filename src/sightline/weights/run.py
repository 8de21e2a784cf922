"""The encoder of a run folder: `encoder.json`, `model.safetensors`, `tokenizer.json`. All that `load` reads.

`encoder.json` (format 1) says how to build the towers and how pictures and texts are prepared, so that a recipe that
was renamed or changed since breaks no old run. `docs/run-folder.md` lists its fields. Files are replaced whole; nothing
in them is ever executed or unpickled.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from sightline.data.atomic import replacing
from sightline.data.preprocess import Preprocess
from sightline.runtime.description import FORMAT, again, identity_of, must_be, read_description, tokenizer_file
from sightline.text.load import AnyTokenizer, load_tokenizer
from sightline.towers.spec import from_json, to_json
from sightline.weights.encoder import Precision, TorchEncoder
from sightline.weights.joint import assemble, kept


def save_encoder(
    folder: str | Path,
    model: nn.Module,
    *,
    image_spec: Any,
    text_spec: Any | None,
    preprocess: Preprocess,
    tokenizer: AnyTokenizer | None,
    dim: int,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Writes the encoder files of `model` into `folder`, each replaced whole.

    `model` has `image`, `project_image`, and where it embeds text `text` and `project_text`; `log_scale` and `bias`
    are kept where it has them. `extra` adds fields to `encoder.json` (a recipe's name), fills `trained_on`, and may not
    replace any other.
    Raises OSError, with the files that were there untouched, when they cannot be written.
    """
    folder = Path(folder)
    if (text_spec is None) != (tokenizer is None):
        raise ValueError("a text tower needs its tokenizer, and a tokenizer its text tower: give both or neither")
    tensors = kept(model)
    scale, bias = tensors.get("log_scale"), tensors.get("bias")
    described = {
        "format": FORMAT,
        "family": "sightline",
        "image": to_json(image_spec),
        "text": None if text_spec is None else to_json(text_spec),
        "dim": dim,
        "preprocess": preprocess.to_json(),
        "tokenizer": None if tokenizer is None else {"file": "tokenizer.json", "length": tokenizer.length},
        "logit_scale": None if scale is None else float(scale),
        "logit_bias": None if bias is None else float(bias),
        "similarity": "softmax" if bias is None else "sigmoid",
        "trained_on": None,
    }
    clash = set(extra or {}) & (set(described) - {"trained_on"})
    if clash:
        raise ValueError(f"extra may not replace {', '.join(sorted(clash))}, which the encoder itself decides")
    described |= extra or {}

    names = ["tokenizer.json"] * (tokenizer is not None) + ["model.safetensors", "encoder.json"]
    with replacing(*(folder / name for name in names)) as temporaries:
        at = dict(zip(names, temporaries, strict=True))
        if tokenizer is not None:
            tokenizer.save(at["tokenizer.json"])
        try:
            # one entry: safetensors writes several in random order, and equal weights should be equal files
            save_file(tensors, at["model.safetensors"], metadata={"digest": _digest(tensors)})
        except SafetensorError as error:  # how safetensors reports a full disk
            raise OSError(None, str(error)) from error
        at["encoder.json"].write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        # safetensors makes files for their owner alone; colleagues may read a run where they may read its folder
        at["model.safetensors"].chmod(at["encoder.json"].stat().st_mode)


def load_encoder(
    folder: str | Path, device: str | torch.device = "cpu", precision: Precision = "float32"
) -> TorchEncoder:
    """The encoder saved in `folder`. Raises ValueError naming the file that is missing, cut or does not fit."""
    folder = Path(folder)
    described = read_description(folder)
    path = folder / "encoder.json"
    try:
        # towers draw their first weights from the global generator: leave the caller's stream where it was
        with torch.random.fork_rng(devices=[]):
            image = from_json(described["image"]).build()
            text = None if described["text"] is None else from_json(described["text"]).build()
        rule = Preprocess.from_json(described["preprocess"])
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} describes an encoder that this version cannot build: {error}") from error
    weights = folder / "model.safetensors"
    tensors, digest = _read_tensors(weights)
    try:
        with torch.random.fork_rng(devices=[]):
            model = assemble(image, text, tensors)
    except ValueError as error:
        raise ValueError(f"{weights} does not fit {path}: {error}. Both must come from one save; {again()}") from error

    tokenizer, words = None, b""
    if file := tokenizer_file(folder, described):
        words = file.read_bytes()
        try:
            tokenizer = load_tokenizer(file)
        except ValueError as error:
            raise ValueError(f"{error}; {again()}") from error
    return TorchEncoder(
        model,
        preprocess=rule,
        tokenizer=tokenizer,
        dim=described["dim"],
        name=str(folder),
        identity=identity_of(described, digest, words),
        device=device,
        precision=precision,
    )


def _read_tensors(path: Path) -> tuple[dict[str, Tensor], str]:
    must_be(path)
    try:
        with safe_open(path, framework="pt") as file:
            digest = (file.metadata() or {}).get("digest", "")
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is cut or damaged ({error}); {again()}") from error
    return tensors, digest or _digest(tensors)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """A hash of names, shapes and values. Stored in the file's header, so that reading it costs nothing."""
    digest = hashlib.blake2b(digest_size=16)
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
