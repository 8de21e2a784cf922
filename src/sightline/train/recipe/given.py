"""What `--init` names: an encoder, or one for each tower, opened for a run that starts from it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.prepare.preprocess import Preprocess
from sightline.text.load import AnyTokenizer
from sightline.towers.spec import to_json
from sightline.weights.any_shape import with_any_shape
from sightline.weights.channels import rule_with_channels, with_channels
from sightline.weights.convert.source import opened
from sightline.weights.resized import with_size

TOWERS = ("image", "text")
Head = Literal["none", "linear", "linear_bias"]
Init = str | Path | Sequence[str]
"""An encoder by name, or one a tower: `image=NAME`, `text=NAME`"""


def asked(init: Init) -> dict[str, str]:
    """The encoders by the tower that is asked of each, "" for all of one. ValueError where a tower has two."""
    found: dict[str, str] = {}
    for text in [init] if isinstance(init, str | Path) else init:
        tower, equals, name = str(text).partition("=")
        tower, name = (tower, name) if equals and tower in TOWERS else ("", str(text))
        if tower in found or "" in found or (found and not tower):
            every = [init] if isinstance(init, str | Path) else init
            raise ValueError(
                f"--init {' --init '.join(map(str, every))}: name one encoder, or one for each tower: image=NAME and "
                "text=NAME"
            )
        found[tower] = name
    if not found:
        raise ValueError("--init names no encoder")
    return found


def said(names: Mapping[str, str]) -> str:
    """They in one line, as a run's config.json has them."""
    return " ".join(f"{tower}={name}" if tower else name for tower, name in names.items())


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the run needs of one encoder."""

    record: dict[str, Any]
    tensors: Mapping[str, Tensor]
    tokenizer: AnyTokenizer | None
    notes: tuple[str, ...]


def given(name: str, tower: str, size: int, channels: int, length: int = 0) -> Given:
    """The encoder, or one `tower` of it, for pictures of `size` px (0: the encoder's own) in `channels`; with `length`
    for pictures of any shape in at most so many patches."""
    found = opened(name)
    images, texts, tensors = found.towers.image, found.towers.text, dict(found.tensors)
    option = f"--init {said({tower: name})}"
    record = {
        "encoder": name,
        "identity": found.encoder.identity,
        "image": None,
        "text": None,
        "dim": None,
        "preprocess": None,
        "project_image": None,
        "project_text": None,
    }
    if tower != "text":
        if images is None or found.encoder.preparation is None:
            raise ValueError(f"{option} has no image tower, or no rule by which pictures are prepared for it")
        rule = found.encoder.rule
        if isinstance(rule, NaFlexRule) and not length:
            raise ValueError(
                f"{option} takes patches of any shape (NaFlex), which this recipe does not make: naflex does"
            )
        if isinstance(rule, Preprocess):
            images, tensors = with_channels(images, tensors, channels)
            rule = rule_with_channels(rule, channels)
        if length:
            if size:
                raise ValueError(f"data.size={size}: pictures of any shape have none; set data.preprocess.length")
            images, tensors, rule = with_any_shape(images, tensors, rule, length)
        elif isinstance(rule, Preprocess) and size and size != rule.size:
            images, tensors = with_size(images, tensors, size)
            rule = replace(rule, size=size, short=round(rule.short * size / rule.size))
        record |= {"image": to_json(images), "dim": found.towers.dim, "preprocess": rule.to_json()}
    if tower == "text" and texts is None:
        raise ValueError(f"{option} has no text tower")
    if tower != "image":
        record |= {"text": None if texts is None else to_json(texts)}
    if not tower:
        record |= {name: _kind(name, tensors) for name in ("project_image", "project_text")}
    return Given(
        record=json.loads(json.dumps(record)),
        tensors={key: x for key, x in tensors.items() if not tower or key.startswith(f"{tower}.")},
        tokenizer=None if tower == "image" else found.tokenizer,
        notes=tuple(f"{name}: {note}" for note in found.encoder.notes),
    )


def together(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The record of one encoder, or of one for each tower."""
    first, *others = records
    made = dict(first)
    for other in others:
        made |= {name: value for name, value in other.items() if made[name] is None}
        made |= {"identity": f"{made['identity']} {other['identity']}", "dim": None}
    return made


def _kind(name: str, tensors: Mapping[str, Tensor]) -> Head:
    if f"{name}.weight" not in tensors:
        return "none"
    return "linear_bias" if f"{name}.bias" in tensors else "linear"
