"""The encoder of a run folder: `encoder.json`, `model.safetensors`, `tokenizer.json`. All that `load` reads.

`encoder.json` (format 1) says how to build the towers and how pictures and texts are prepared, so that a recipe that
was renamed or changed since breaks no old run. `docs/run-folder.md` lists its fields. Files are replaced whole; nothing
in them is ever executed or unpickled.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from sightline.data.atomic import atomic_write
from sightline.data.prepare.naflex_rule import Rule, rule_from_json
from sightline.data.prepare.preprocess import Preprocess
from sightline.runtime.description import (
    FORMAT,
    identity_of,
    read_description,
    recovery_advice,
    require_file,
    tokenizer_file,
)
from sightline.text.load import AnyTokenizer, load_tokenizer
from sightline.towers.shared import share
from sightline.towers.spec import from_json, to_json
from sightline.weights.channels import rule_with_channels, with_channels
from sightline.weights.digest import digest_of
from sightline.weights.encoder import Precision, TorchEncoder
from sightline.weights.finite import must_be_finite
from sightline.weights.run_folder.joint import assemble, kept

IMAGE_STACK, TEXT_STACK = "image.stack.", "text.stack."


def shared(model: nn.Module) -> bool:
    """Whether both towers run the same blocks (`towers.shared`)."""
    towers = dict(model.named_children())
    stacks = [getattr(towers.get(part), "stack", None) for part in ("image", "text")]
    return stacks[0] is not None and stacks[0] is stacks[1]


def save_encoder(
    folder: str | Path,
    model: nn.Module,
    *,
    image_spec: Any | None,
    text_spec: Any | None,
    preprocess: Rule | None,
    tokenizer: AnyTokenizer | None,
    dim: int,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Writes the encoder files of `model` into `folder`, each replaced whole.

    `model` has `image`, `project_image`, and where it embeds text `text` and `project_text`; `log_scale` and `bias`
    are kept where it has them. Blocks that both towers share are stored once. `image_spec` and `preprocess` are None
    for half of a published model, `tokenizer` for one that came without: it then embeds token ids. `extra` adds fields
    to `encoder.json` (a recipe's name), fills `trained_on`, and may not replace any other.
    Raises OSError, with the files that were there untouched, when they cannot be written.
    """
    folder = Path(folder)
    if text_spec is None and tokenizer is not None:
        raise ValueError("a tokenizer needs its text tower: give both or neither")
    if (image_spec is None) != (preprocess is None) or (image_spec is None and text_spec is None):
        raise ValueError("an image tower needs its preprocessing, and an encoder at least one tower")
    tied = shared(model)
    tensors = {name: x for name, x in kept(model).items() if not (tied and name.startswith(TEXT_STACK))}
    scale, bias = tensors.get("log_scale"), tensors.get("bias")
    described = {
        "format": FORMAT,
        "family": "sightline",
        "image": None if image_spec is None else to_json(image_spec),
        "text": None if text_spec is None else to_json(text_spec),
        "dim": dim,
        "preprocess": None if preprocess is None else preprocess.to_json(),
        "tokenizer": None if tokenizer is None else {"file": "tokenizer.json", "length": tokenizer.length},
        "logit_scale": None if scale is None else float(scale),
        "logit_bias": None if bias is None else float(bias),
        "similarity": "softmax" if bias is None else "sigmoid",
        "trained_on": None,
    } | ({"shared": True} if tied else {})
    clash = set(extra or {}) & (set(described) - {"trained_on"})
    if clash:
        raise ValueError(f"extra may not replace {', '.join(sorted(clash))}, which the encoder itself decides")
    described |= extra or {}

    names = ["tokenizer.json"] * (tokenizer is not None) + ["model.safetensors", "encoder.json"]
    with atomic_write(*(folder / name for name in names)) as temporaries:
        at = dict(zip(names, temporaries, strict=True))
        if tokenizer is not None:
            tokenizer.save(at["tokenizer.json"])
        try:
            # one entry: safetensors writes several in random order, and equal weights should be equal files
            save_file(tensors, at["model.safetensors"], metadata={"digest": digest_of(tensors)})
        except SafetensorError as error:  # how safetensors reports a full disk
            raise OSError(None, str(error)) from error
        at["encoder.json"].write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        # safetensors makes files for their owner alone; colleagues may read a run where they may read its folder
        at["model.safetensors"].chmod(at["encoder.json"].stat().st_mode)


def load_encoder(
    folder: str | Path,
    device: str | torch.device = "cpu",
    precision: Precision = "float32",
    channels: int | None = None,
) -> TorchEncoder:
    """The encoder saved in `folder`, for pictures of `channels` bands where another number is asked for.

    Raises ValueError naming the file that is missing, cut or does not fit.
    """
    folder = Path(folder)
    described = read_description(folder)
    path = folder / "encoder.json"
    try:
        # towers draw their first weights from the global generator: leave the caller's stream where it was
        with torch.random.fork_rng(devices=[]):
            image = None if described["image"] is None else from_json(described["image"]).build()
            text = None if described["text"] is None else from_json(described["text"]).build()
            if described.get("shared", False):
                share(image, text)  # pyright: ignore[reportArgumentType]
        rule = None if described["preprocess"] is None else rule_from_json(described["preprocess"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} describes an encoder that this version cannot build: {error}") from error
    weights = folder / "model.safetensors"
    tensors, digest = _read_tensors(weights)
    if described.get("shared", False):
        ours = {name: x for name, x in tensors.items() if name.startswith(IMAGE_STACK)}
        tensors |= {TEXT_STACK + name.removeprefix(IMAGE_STACK): x for name, x in ours.items()}
    try:
        with torch.random.fork_rng(devices=[]):
            model = assemble(image, text, tensors)
    except ValueError as error:
        raise ValueError(
            f"{weights} does not fit {path}: {error}. Both must come from one save; {recovery_advice()}"
        ) from error
    if channels is not None:
        described, model, digest = _of_bands(described, model, channels, folder)
        rule = rule_from_json(described["preprocess"])

    tokenizer, words = None, b""
    if file := tokenizer_file(folder, described):
        words = file.read_bytes()
        try:
            tokenizer = load_tokenizer(file)
        except ValueError as error:
            raise ValueError(f"{error}; {recovery_advice()}") from error
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


def _of_bands(
    described: Mapping[str, Any], model: nn.Module, channels: int, folder: Path
) -> tuple[dict[str, Any], nn.Module, str]:
    """The description, the model and its digest for pictures of `channels` bands (`weights.channels`)."""
    rule = None if described["preprocess"] is None else rule_from_json(described["preprocess"])
    if not isinstance(rule, Preprocess):
        raise ValueError(f"channels={channels}: {folder} has no image tower that reads pictures of one size")
    given: Any = from_json(described["image"])
    spec, tensors = with_channels(given, kept(model), channels)
    parts = dict(model.named_children())
    with torch.random.fork_rng(devices=[]):
        image = spec.build()
        if described.get("shared", False):
            share(image, parts["text"])  # pyright: ignore[reportArgumentType]
        made = assemble(image, parts.get("text"), tensors)
    changed = {"image": to_json(spec), "preprocess": rule_with_channels(rule, channels).to_json()}
    return dict(described) | changed, made, digest_of(tensors)


def _read_tensors(path: Path) -> tuple[dict[str, Tensor], str]:
    require_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            digest = (file.metadata() or {}).get("digest", "")
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is cut or damaged ({error}); {recovery_advice()}") from error
    try:
        must_be_finite(tensors)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return tensors, digest or digest_of(tensors)
