"""The head of the page: what the encoder is, where it came from, how pictures are prepared for it."""

import json
from pathlib import Path
from typing import Any

from torch import nn

from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.data.prepare.preprocess import Preprocess
from sightline.measure.look.inside import vit_of
from sightline.measure.look.unit import receptive_field
from sightline.nn.pool import ClsPool, GemPool, MapPool
from sightline.towers.resnet import ResNet
from sightline.weights.encoder import TorchEncoder

FIT = {
    "pad": "fitted into a square of {side} px and filled up with the background",
    "squash": "squashed to {side} x {side} px",
    "crop": "the shorter side scaled to {short} px, the middle {side} x {side} px cut out",
}

Facts = list[tuple[str, str]]
"""Names and plain words"""


def facts(encoder: TorchEncoder) -> Facts:
    """What the page says before its figures."""
    model: nn.Module = encoder.model
    tower: Any = encoder.model.image
    counts = f"image tower {_count(tower)}"
    if encoder.reads_text:
        counts += f", text tower {_count(encoder.model.text)}"
    rows = [
        ("Image tower", describe_tower(tower)),
        ("Parameters", f"{counts}, in all {_count(model)}"),
        ("Vectors", f"{encoder.dim} numbers" + (", in one space with texts" if encoder.reads_text else "")),
        ("Where from", origin(encoder.name)),
        ("Pictures", describe_preprocessing(encoder.rule)),
    ]
    if encoder.identity:
        rows.append(("Identity", encoder.identity))
    return rows


def describe_tower(tower: nn.Module) -> str:
    """The tower's kind and sizes in words."""
    vit = vit_of(tower)
    kind = type(tower).__name__
    if vit is not None:
        blocks = vit.stack.blocks
        heads = getattr(getattr(blocks[0], "attn", None), "heads", 0) if len(blocks) else 0
        reading = {
            ClsPool: "read by its class token",
            MapPool: "read by attention pooling",
            GemPool: "read by the generalised mean of its patches",
        }
        registers = vit.prefix.shape[1] - isinstance(vit.pool, ClsPool)
        parts = [
            f"{kind}, {len(blocks)} blocks of width {vit.dim}",
            f"{heads} heads",
            _patch(tower, vit.stem),
            reading.get(type(vit.pool), "read by the mean of its patches"),
        ]
        if registers:
            parts.append(f"{registers} token{'s' if registers > 1 else ''} in front that nobody reads (registers)")
        return ", ".join(part for part in parts if part)
    field = receptive_field(tower)
    sees = f", each of which can see {field} px of the picture" if field else ""
    if isinstance(tower, ResNet):
        depths = " + ".join(str(len(list(stage.children()))) for stage in tower.stages)
        return f"ResNet, {depths} residual blocks, places of {tower.width} channels{sees}"
    return f"{kind}{sees and ', places' + sees.removeprefix(', each of which')}"


def origin(name: str) -> str:
    """Where an encoder of that name came from: a run and its recipe, or published weights."""
    folder = Path(name.removeprefix("local-dir:"))
    for file in (folder / "encoder.json", folder / "config.json"):
        if not file.is_file():
            continue
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            continue
        if not isinstance(said, dict):
            continue
        if file.name == "encoder.json":
            recipe = f", recipe {said['recipe']}" if said.get("recipe") else ""
            return f"trained by Sightline{recipe}, in {name}"
        kind = said.get("model_type") or said.get("architecture")
        return f"published weights{f' ({kind})' if kind else ''}, in {name}"
    return name


def describe_preprocessing(rule: Preprocess | NaFlexRule) -> str:
    """The preprocessing in words."""
    if isinstance(rule, NaFlexRule):
        fit = f"scaled at their own aspect ratio to at most {rule.length} patches of {rule.patch} px"
    else:
        fit = FIT[rule.resize].format(side=rule.size, short=rule.short or rule.size) + f", {rule.interpolation}"
    ground = ", ".join(map(str, rule.background))
    mean, std = (", ".join(f"{value:.4g}" for value in values) for values in (rule.mean, rule.std))
    return f"{fit}; {rule.channels} channels, mean {mean}, deviation {std}; transparency on ({ground})"


def _patch(tower: nn.Module, stem: nn.Module) -> str:
    side = getattr(tower, "patch", None) or getattr(stem, "patch", None)
    if side is None and isinstance(stem, nn.Linear):
        side = round((stem.in_features / 3) ** 0.5)
    return f"patches of {side} px" if side else ""


def _count(module: nn.Module) -> str:
    count = sum(parameter.numel() for parameter in module.parameters())
    return f"{count / 1e6:,.2f} M" if count >= 1e5 else f"{count:,}"
