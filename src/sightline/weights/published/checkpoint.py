"""A published checkpoint in our towers: files -> family -> towers and tensors -> the same encoder as our own runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sightline.data.prepare.naflex_rule import Rule as PictureRule
from sightline.data.prepare.preprocess import Preprocess
from sightline.nn.tag import tag, tags
from sightline.runtime.description import identity_of, recovery_advice
from sightline.text.published import PublishedTokenizer
from sightline.towers.spec import BertTextSpec, Causal, TransformerTextSpec, to_json
from sightline.weights.channels import rule_with_channels, with_channels
from sightline.weights.digest import digest_of
from sightline.weights.encoder import Precision, TorchEncoder
from sightline.weights.finite import some_of
from sightline.weights.published.family.known import FAMILIES
from sightline.weights.published.family.protocol import Config, Family, Shapes, Towers
from sightline.weights.published.files import Found, find, foreign, read_config, read_tensors
from sightline.weights.published.keymap import Rule
from sightline.weights.published.keymap import read as read_keys
from sightline.weights.published.layouts.sentence import modules
from sightline.weights.run_folder.joint import PARTS, SCALARS, Joint


class UnknownFamily(ValueError):
    """Files that no family of ours reads."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A folder read: what `published` makes an encoder of, and `convert` writes elsewhere."""

    family: str
    towers: Towers
    tensors: dict[str, Tensor]
    """under our names, float32"""
    preprocess: PictureRule | None
    tokenizer: PublishedTokenizer | None
    config: Config
    """the folder's own config file"""


def read(where: str | Path, *, config: Config | None = None, words: Path | None = None) -> Published:
    """The published checkpoint at `where`: a folder, or one file of weights.

    `config` stands for the folder's own file, `words` for the folder of its vocabulary, where they lie elsewhere.
    Raises ValueError naming the file that is missing, cut or refused, the family that is not known, or every key that
    is missing, extra or of a size that the config does not mean.
    """
    found = find(where)
    if found is None:
        raise ValueError(f"there are no published weights at {where}: expected config.json and model.safetensors")
    config = read_config(found) if config is None else config
    if steps := modules(found.folder):
        config = {**config, "modules": steps}
    tensors = read_tensors(found)
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    before = foreign(shapes)
    try:
        family = choose(config, shapes, where)
    except UnknownFamily:
        bare = {name.removeprefix(before): shape for name, shape in shapes.items()}
        if before and any(family.matches(config, bare) for family in FAMILIES):
            raise ValueError(_prefixed(found, shapes, before)) from None
        raise
    rules: Sequence[Rule] = ()
    try:
        towers = family.spec(config, shapes)
        rules = family.rules(towers, shapes)
        ours = read_keys(rules, tensors, state(towers))
    except (ValueError, TypeError, KeyError) as error:
        message = f"{_described(found)}, read as {family.NAME}: {_reason(error)}"
        if before and rules and not any(name.startswith(before) for rule in rules for name in rule.theirs):
            message = _prefixed(found, shapes, before)
        raise ValueError(message) from error
    tokenizer = family.tokenizer(towers, words or found.folder, config)
    return Published(
        family=family.NAME,
        towers=_ending(towers, tokenizer),
        tensors=ours,
        preprocess=family.preprocess(towers, found.folder, config),
        tokenizer=tokenizer,
        config=config,
    )


def published(
    where: str | Path,
    *,
    name: str | None = None,
    config: Config | None = None,
    words: Path | None = None,
    device: str | torch.device = "cpu",
    precision: Precision = "float32",
    channels: int | None = None,
) -> TorchEncoder:
    """The encoder of the published checkpoint that `read` reads; `name` is what the user typed."""
    what = read(where, config=config, words=words)
    if channels is not None:
        what = _of_bands(what, channels)
    return encoder_of(what, name=name or str(where), device=device, precision=precision)


def encoder_of(
    what: Published, *, name: str, device: str | torch.device = "cpu", precision: Precision = "float32"
) -> TorchEncoder:
    """The encoder of what was read."""
    return TorchEncoder(
        build(what.towers, what.tensors),
        preprocess=what.preprocess,
        tokenizer=what.tokenizer,
        dim=what.towers.dim,
        name=name,
        identity=identity(what),
        device=device,
        precision=precision,
        notes=what.towers.notes,
    )


def _of_bands(what: Published, channels: int) -> Published:
    """The checkpoint for pictures of another number of channels (`weights.channels`)."""
    if what.towers.image is None or not isinstance(what.preprocess, Preprocess):
        raise ValueError(f"channels={channels}: {what.family} has no image tower that reads pictures of one size")
    image, tensors = with_channels(what.towers.image, what.tensors, channels)
    rule = rule_with_channels(what.preprocess, channels)
    return replace(what, towers=replace(what.towers, image=image), tensors=tensors, preprocess=rule)


def choose(config: Config, shapes: Shapes, where: str | Path) -> Family:
    """The family of these files. Raises UnknownFamily listing those that are known, ValueError for a cut run."""
    for family in FAMILIES:
        if family.matches(config, shapes):
            return family
    if shapes and all(name.startswith(PARTS) or name in SCALARS for name in shapes):
        raise ValueError(
            f"{Path(where) / 'encoder.json'} is missing: these are the weights of a run; {recovery_advice()}"
        )
    kind = config.get("model_type") or config.get("architecture") or ", ".join(config.get("architectures") or ())
    shown = f"model type {str(kind)[:80]!r}" if kind else f"tensors such as {some_of(sorted(shapes), 3) or 'none'}"
    known = ", ".join(family.NAME for family in FAMILIES)
    raise UnknownFamily(
        f"{where} is of no family with towers of ours ({shown}). Known: {known}; docs/encoders.md says what they read. "
        "What timm or transformers can build comes through their adapters: timm:NAME, transformers:PATH"
    )


def blank(towers: Towers) -> Joint:
    """The model without values, on the meta device: its names and shapes."""
    with torch.device("meta"):
        image = None if towers.image is None else towers.image.build()
        text = None if towers.text is None else towers.text.build()
        return Joint(
            image,
            text,
            _projection(towers.project_image, image, towers.dim),
            _projection(towers.project_text, text, towers.dim),
            torch.zeros(()),
            torch.zeros(()) if "bias" in towers.scalars else None,
        )


def state(towers: Towers) -> dict[str, Tensor]:
    """Names and shapes of the tensors that a file of these towers gives values to."""
    whole = blank(towers).state_dict()
    return {name: value for name, value in whole.items() if name != "log_scale" or name in towers.scalars}


def build(towers: Towers, tensors: Mapping[str, Tensor]) -> Joint:
    """The model with its values. The tensors become its memory, so nothing is drawn or copied."""
    model = blank(towers)
    marks = {name: tags(parameter) for name, parameter in model.named_parameters()}
    model.load_state_dict({"log_scale": torch.zeros(())} | dict(tensors), assign=True)
    for name, parameter in model.named_parameters():
        tag(parameter, *marks[name])
    lost = [name for name, value in model.named_buffers() if value.device.type == "meta"]
    assert not lost, f"buffers that no file holds and that are not made in forward: {lost}"
    return model


def identity(what: Published) -> str:
    """Names weights, rules and vocabulary together, as for our own runs: equal where the same encoder was converted."""
    towers, tokenizer = what.towers, what.tokenizer
    described = {
        "parts": {name: to_json(spec) for name, spec in towers.specs().items()},
        "dim": towers.dim,
        "preprocess": None if what.preprocess is None else what.preprocess.to_json(),
        "tokenizer": None if tokenizer is None else {"file": "tokenizer.json", "length": tokenizer.length},
    }
    # a run keeps a scale in any case
    tensors = {"log_scale": torch.zeros(())} | what.tensors
    return identity_of(described, digest_of(tensors), b"" if tokenizer is None else tokenizer.to_bytes())


def _ending(towers: Towers, tokenizer: PublishedTokenizer | None) -> Towers:
    """Texts are read where their tokenizer ends them, and padded as it pads: configs from before the end token was set
    only say "the largest id", which a vocabulary with words added to it makes another token.
    """
    text = towers.text
    if isinstance(text, BertTextSpec) and tokenizer is not None:  # a BERT with another model's vocabulary: its padding
        return replace(towers, text=replace(text, pad=tokenizer.pad))
    if tokenizer is None or not isinstance(text, TransformerTextSpec) or not isinstance(text.reading, Causal):
        return towers
    return replace(towers, text=replace(text, reading=replace(text.reading, eot=tokenizer.eot)))


def _projection(head: str, tower: nn.Module | None, dim: int) -> nn.Module:
    if head == "none" or tower is None:
        return nn.Identity()
    width: Any = tower.dim
    return nn.Linear(width, dim, bias=head == "linear_bias")


def _described(found: Found) -> str:
    names = [path.name for path in found.weights]
    weights = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    return str(found.folder / weights) if found.config is None else f"{found.config} with {weights}"


def _prefixed(found: Found, shapes: Shapes, before: str) -> str:
    """What to say of names that all begin with what no name of the layout begins with."""
    return (
        f"{_described(found)}: every tensor's name begins with {before!r} ({some_of(sorted(shapes), 1)}), the name of "
        f"what was around the model. Save them without: {{k.removeprefix({before!r}): v for k, v in state.items()}}"
    )


def _reason(error: Exception) -> str:
    return f"the config has no {error}" if isinstance(error, KeyError) else str(error)
