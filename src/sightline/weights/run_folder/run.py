"""What a run keeps: `encoder.json`, `model.safetensors`, `tokenizer.json`. All that `load` reads.

`encoder.json` (format 2) says how to build the parts, what they can do, and how pictures and texts are prepared: a
recipe that was renamed or changed since breaks no old run. Format 1, of two towers, is read too. The fields are listed
in `docs/train/run-folder.md`. Files are replaced whole; nothing in them is ever executed or unpickled.
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
from sightline.nn.head import ClassHead
from sightline.protocols import CAPABILITIES, Kept
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
from sightline.towers.spec import ClassesSpec, LinearSpec, from_json, reads_words, sees_pictures, to_json
from sightline.weights.capabilities import must_have_parts
from sightline.weights.channels import rule_with_channels, with_channels
from sightline.weights.digest import digest_of
from sightline.weights.encoder import Precision, TorchEncoder
from sightline.weights.finite import must_be_finite
from sightline.weights.run_folder.joint import fill, joint_of, kept_of, stored

IMAGE_STACK, TEXT_STACK = "image.stack.", "text.stack."
TOWERS = ("image", "text")
PROJECTIONS = ("project_image", "project_text")


def shared(parts: Mapping[str, Any]) -> bool:
    """Whether both towers run the same blocks (`towers.shared`)."""
    stacks = [getattr(parts.get(name), "stack", None) for name in ("image", "text")]
    return stacks[0] is not None and stacks[0] is stacks[1]


def save(
    folder: str | Path,
    kept: Kept,
    *,
    specs: Mapping[str, Any],
    preprocess: Rule | None,
    tokenizer: AnyTokenizer | None,
    dim: int | None,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Writes the files of what is kept into `folder`, each replaced whole.

    `specs` build the parts again, by name; linear maps need none, and what is not kept is left out. `preprocess` is
    given where a part sees pictures, and nowhere else; `tokenizer` may be missing for a published model that came
    without: it then reads token ids. `dim` is the width of the vectors, None where nothing embeds. Blocks that both
    towers share are stored once. `extra` adds fields to `encoder.json` (a recipe's name), fills `trained_on`, and may
    not replace any other. Raises ValueError where these do not fit one another; OSError, with the files that were there
    untouched, when they cannot be written.
    """
    folder = Path(folder)
    described = _described(kept, specs, preprocess, tokenizer, dim)
    tied = "shared" in described
    tensors = {name: x for name, x in stored(kept).items() if not (tied and name.startswith(TEXT_STACK))}
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
    """`save` of one or two towers in one module, `image`, `project_image`, `text` and so on as in `joint.Joint`."""
    given = {"image": image_spec, "text": text_spec}
    specs = {name: spec for name, spec in given.items() if spec is not None}
    save(folder, kept_of(model), specs=specs, preprocess=preprocess, tokenizer=tokenizer, dim=dim, extra=extra)


def _described(
    kept: Kept, specs: Mapping[str, Any], preprocess: Rule | None, tokenizer: AnyTokenizer | None, dim: int | None
) -> dict[str, Any]:
    """The fields of `encoder.json` that what is kept decides. ValueError where it does not fit together."""
    parts = {name: spec_of(name, part, specs) for name, part in kept.parts.items()}
    parts = {name: spec for name, spec in parts.items() if spec is not None}
    if not parts:
        raise ValueError("nothing is kept: a run keeps at least one part")
    if tokenizer is not None and not any(map(reads_words, parts.values())):
        raise ValueError(f"a tokenizer needs a part that reads words, and kept are {', '.join(parts)}")
    if any(map(sees_pictures, parts.values())) != (preprocess is not None):
        raise ValueError(
            f"`preprocess` is for parts that see pictures, where they need it; kept are {', '.join(parts)}"
        )
    must_have_parts(kept)
    scale, bias = kept.scalars.get("log_scale"), kept.scalars.get("bias")
    return {
        "format": FORMAT,
        "family": "sightline",
        "parts": {name: to_json(spec) for name, spec in parts.items()},
        "capabilities": list(kept.capabilities),
        "dim": dim,
        "preprocess": None if preprocess is None else preprocess.to_json(),
        "tokenizer": None if tokenizer is None else {"file": "tokenizer.json", "length": tokenizer.length},
        "logit_scale": None if scale is None else float(scale.detach()),
        "logit_bias": None if bias is None else float(bias.detach()),
        "similarity": "softmax" if bias is None else "sigmoid",
        "trained_on": None,
    } | ({"shared": True} if shared(kept.parts) else {})


def spec_of(name: str, part: Any, specs: Mapping[str, Any]) -> Any:
    """What builds a kept part again; None for one that holds nothing. ValueError where nothing does."""
    if name in specs:
        return specs[name]
    if isinstance(part, ClassHead):
        return ClassesSpec.of(part)
    if isinstance(part, nn.Linear):
        return LinearSpec.of(part)
    if isinstance(part, nn.Identity):
        return None
    raise ValueError(
        f"the kept part {name!r} ({type(part).__name__}) has no spec, so it could not be loaded: name it in the "
        "recipe's parts"
    )


def load_encoder(
    folder: str | Path,
    device: str | torch.device = "cpu",
    precision: Precision = "float32",
    channels: int | None = None,
) -> TorchEncoder:
    """What was saved in `folder`, for pictures of `channels` bands where another number is asked for.

    Raises ValueError naming the file that is missing, cut or does not fit.
    """
    folder = Path(folder)
    described = read_description(folder)
    path, weights = folder / "encoder.json", folder / "model.safetensors"
    try:
        specs: dict[str, Any] = {name: from_json(part) for name, part in described["parts"].items()}
        rule = None if described["preprocess"] is None else rule_from_json(described["preprocess"])
        parts = _built(specs, shared=described.get("shared", False))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} describes an encoder that this version cannot build: {error}") from error
    tensors, digest = _read_tensors(weights)
    parts |= _built(_projections(specs, tensors))
    if described.get("shared", False):
        ours = {name: x for name, x in tensors.items() if name.startswith(IMAGE_STACK)}
        tensors |= {TEXT_STACK + name.removeprefix(IMAGE_STACK): x for name, x in ours.items()}
    if channels is not None:
        if not isinstance(rule, Preprocess) or "image" not in specs:
            raise ValueError(f"channels={channels}: {folder} has no image tower that reads pictures of one size")
        specs["image"], tensors = with_channels(specs["image"], tensors, channels)
        parts |= _built({name: specs[name] for name in TOWERS if name in specs}, shared=described.get("shared", False))
        rule = rule_with_channels(rule, channels)
        described |= {"parts": described["parts"] | {"image": to_json(specs["image"])}, "preprocess": rule.to_json()}
        # 0.1.0 gave every such encoder a scale, and the identity of old indexes counts it
        digest = digest_of({"log_scale": torch.zeros(())} | tensors)
    kept = Kept(
        parts=parts,
        scalars={name: value for name, value in tensors.items() if "." not in name},
        capabilities=tuple(name for name in described["capabilities"] if name in CAPABILITIES),
    )
    try:
        fill(kept, tensors)
    except ValueError as error:
        raise ValueError(
            f"{weights} does not fit {path}: {error}. Both must come from one save; {recovery_advice()}"
        ) from error

    tokenizer, words = None, b""
    if file := tokenizer_file(folder, described):
        words = file.read_bytes()
        try:
            tokenizer = load_tokenizer(file)
        except ValueError as error:
            raise ValueError(f"{error}; {recovery_advice()}") from error
    return TorchEncoder(
        joint_of(kept),
        preprocess=rule,
        tokenizer=tokenizer,
        dim=described["dim"] or 0,
        name=str(folder),
        identity=identity_of(described, digest, words),
        capabilities=kept.capabilities,
        device=device,
        precision=precision,
    )


def _built(specs: Mapping[str, Any], *, shared: bool = False) -> dict[str, nn.Module]:
    """The parts, not yet filled. They draw first weights, and leave the caller's generator where it was."""
    with torch.random.fork_rng(devices=[]):
        parts = {name: spec.build() for name, spec in specs.items()}
    if shared:
        share(parts["image"], parts["text"])
    return parts


def _projections(specs: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> dict[str, LinearSpec]:
    """Those of a description of format 1, which left their shapes to the tensors."""
    found = {}
    for name in PROJECTIONS:
        if name not in specs and f"{name}.weight" in tensors:
            out, inner = tensors[f"{name}.weight"].shape
            found[name] = LinearSpec(inner=inner, out=out, bias=f"{name}.bias" in tensors)
    return found


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
