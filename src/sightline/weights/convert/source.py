"""Any encoder that `load` gives, opened for converting: its towers as specs, its tensors, its rules, and where its
vocabulary lies.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from sightline.runtime.description import read_description, run_folder
from sightline.text.load import AnyTokenizer
from sightline.towers.spec import ImageSpec, TextSpec, from_json
from sightline.weights.encoder import TorchEncoder
from sightline.weights.peers.adapter import TIMM, TRANSFORMERS, timm_published
from sightline.weights.published.checkpoint import Published, UnknownFamily, encoder_of, read
from sightline.weights.published.family.protocol import Head, Towers
from sightline.weights.published.names import published_source
from sightline.weights.run_folder.joint import kept_of, stored
from sightline.weights.run_folder.run import load_encoder

OWN = frozenset(
    "format family parts capabilities dim preprocess tokenizer logit_scale logit_bias similarity shared".split()
)
"""fields of `encoder.json` that `save` writes by itself"""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What `weights.convert` writes elsewhere."""

    encoder: TorchEncoder
    family: str
    """the published family it came from; "sightline" for a run"""
    towers: Towers
    tensors: dict[str, torch.Tensor]
    words: Path | None
    """the published folder of its vocabulary"""
    extra: dict[str, Any]
    """what a run's `encoder.json` says beside"""
    others: dict[str, Any] = field(default_factory=dict)
    """specs of parts that are no towers"""

    @property
    def tokenizer(self) -> AnyTokenizer | None:
        return self.encoder.tokenizer


def opened(name: str | Path) -> Opened:
    """The encoder called `name`, on the CPU. ValueError as `load`, and for one that runs by a peer's code."""
    asked = str(name)
    if asked.startswith(TIMM):
        what = timm_published(asked.removeprefix(TIMM), asked)
        if what is None:
            raise ValueError(_foreign(asked))
        return _of(what, asked, None)
    if source := published_source(asked.removeprefix(TRANSFORMERS)):
        try:
            what = read(source.where, config=source.config, words=source.words)
        except UnknownFamily as error:
            raise ValueError(_foreign(asked)) from error
        where = source.words or (source.where if source.where.is_dir() else source.where.parent)
        return _of(what, asked, where)
    if asked.startswith(TRANSFORMERS):
        raise ValueError(f"{asked}: there are no published weights at {asked.removeprefix(TRANSFORMERS)}")
    folder = run_folder(name)
    encoder, described = load_encoder(folder), read_description(folder)
    tensors = stored(kept_of(encoder.model))
    specs: dict[str, Any] = {name: from_json(part) for name, part in described["parts"].items()}
    image, text = specs.pop("image", None), specs.pop("text", None)
    return Opened(
        encoder=encoder,
        family="sightline",
        towers=_towers(image, text, described["dim"], tensors),
        others=specs,
        tensors=tensors,
        words=None,
        extra={key: value for key, value in described.items() if key not in OWN},
    )


def _of(what: Published, name: str, words: Path | None) -> Opened:
    return Opened(
        encoder=encoder_of(what, name=name),
        family=what.family,
        towers=what.towers,
        tensors=dict(what.tensors),
        words=words,
        extra={"trained_on": None},
    )


def _towers(image: ImageSpec | None, text: TextSpec | None, dim: int, tensors: dict[str, torch.Tensor]) -> Towers:
    both = image is not None and text is not None
    if not both:
        # a half has nothing to compare: no published half keeps a temperature
        for name in ("log_scale", "bias"):
            tensors.pop(name, None)
    return Towers(
        image=image,
        text=text,
        dim=dim,
        project_image=_head("project_image", tensors),
        project_text=_head("project_text", tensors),
        scalars=() if not both else ("log_scale", "bias") if "bias" in tensors else ("log_scale",),
    )


def _head(name: str, tensors: dict[str, torch.Tensor]) -> Head:
    if f"{name}.weight" not in tensors:
        return "none"
    return "linear_bias" if f"{name}.bias" in tensors else "linear"


def _foreign(name: str) -> str:
    return (
        f"{name} runs by the code of timm or transformers, through an adapter: it has no towers of ours, so it cannot "
        "be converted. Use it as it is"
    )
