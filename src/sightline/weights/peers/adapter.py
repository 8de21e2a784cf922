"""Adapters: any image model that timm or transformers can build, where no tower of ours computes the same.

`timm:NAME` fetches timm's pretrained weights (its plain ViTs and ResNets land in our towers); `transformers:PATH`, and
a folder of no family of ours, run the package's own class. Each package prepares pictures by its own rule.
"""

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sightline.data.prepare.preprocess import Preprocess
from sightline.runtime.description import identity_of
from sightline.weights.digest import digest_of
from sightline.weights.encoder import Precision, TorchEncoder
from sightline.weights.peers.adapter_tower import Adapted, TimmTower, TransformersTower, measured
from sightline.weights.published.checkpoint import Published, encoder_of, state
from sightline.weights.published.family import timm as plain
from sightline.weights.published.family import torchvision
from sightline.weights.published.family.protocol import Family
from sightline.weights.published.files import read_object
from sightline.weights.published.keymap import read
from sightline.weights.published.layouts.pictures import settings
from sightline.weights.published.layouts.vit_pictures import centre_rule, from_folder, squash_rule, timm_rule
from sightline.weights.run_folder.joint import Joint

TIMM, TRANSFORMERS = "timm:", "transformers:"
OWN: tuple[Family, ...] = (plain, torchvision)
"""Families of timm's names that have towers of ours"""


def adapter(name: str, device: str | torch.device, precision: Precision) -> TorchEncoder | None:
    """The encoder of `timm:NAME` or `transformers:PATH`; None for another name."""
    if name.startswith(TIMM):
        return of_timm(name.removeprefix(TIMM), name, device, precision)
    if name.startswith(TRANSFORMERS):
        return of_transformers(name.removeprefix(TRANSFORMERS), name, device, precision)
    return None


def of_folder(folder: Path, name: str, device: str | torch.device, precision: Precision) -> TorchEncoder | None:
    """The encoder of a folder that no family of ours reads; None where neither package wrote it."""
    config = read_object(folder / "config.json") if (folder / "config.json").is_file() else {}
    if config.get("architecture"):
        return of_timm(f"local-dir:{folder}", name, device, precision)
    if config.get("model_type"):
        return of_transformers(str(folder), name, device, precision)
    return None


def of_timm(model: str, name: str, device: str | torch.device, precision: Precision) -> TorchEncoder:
    """timm's model of that name with its pretrained weights. ValueError where the package or they are missing."""
    built, config = _built(model, name)
    if ours := _own(config, built.state_dict()):
        return encoder_of(ours, name=name, device=device, precision=precision)
    channels, size, _ = config["pretrained_cfg"]["input_size"]
    rule = timm_rule(config["pretrained_cfg"], size, channels)
    return _encoder(TimmTower(built), config, rule, name, device, precision)


def timm_published(model: str, name: str) -> Published | None:
    """timm's pretrained weights in a tower of ours; None where there is none that computes the same."""
    built, config = _built(model, name)
    return _own(config, built.state_dict())


def _built(model: str, name: str) -> tuple[Any, dict[str, Any]]:
    """The model, and what its folder's config would say. ValueError where timm has neither the name nor its weights."""
    _installed("timm", name)
    import timm
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    from timm.data.config import resolve_model_data_config

    # timm speaks of weights that the model has no place for, its classifier's, which is left out on purpose
    try:
        built: Any = timm.create_model(model, pretrained=True, num_classes=0)
    except (RuntimeError, OSError, ValueError, HfHubHTTPError, HFValidationError) as error:
        raise ValueError(
            f"{name} cannot be had from timm ({first_line(error)}). Weights are fetched from the hub on first use; "
            "where it cannot be reached, download the folder elsewhere and name it: local-dir:PATH"
        ) from error
    options: Mapping[str, Any] = resolve_model_data_config(built)
    config = {"architecture": built.pretrained_cfg.get("architecture"), "pretrained_cfg": dict(options)}
    config["global_pool"] = getattr(built, "global_pool", None)
    config["model_args"] = _model_args(built)
    return built, config


def _model_args(built: Any) -> dict[str, Any]:
    """The settings that timm itself would write beside the weights; {} where its version keeps none."""
    try:
        from timm.models._input import get_model_args
    except ImportError:
        return {}
    return dict(get_model_args(built, {}))


def of_transformers(path: str, name: str, device: str | torch.device, precision: Precision) -> TorchEncoder:
    """The image model in a folder that transformers wrote. ValueError where it is none, or the package is missing."""
    _installed("transformers", name)
    from transformers import AutoModel

    folder = Path(path)
    if not (folder / "config.json").is_file():
        raise ValueError(
            f"{name}: there is no {folder / 'config.json'}; expected a folder as save_pretrained writes it"
        )
    config = read_object(folder / "config.json")
    try:
        built: Any = AutoModel.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise ValueError(f"{name} cannot be built by transformers: {first_line(error)}") from error
    built = getattr(built, "vision_model", built)
    rule = _transformers_rule(folder, config.get("vision_config") or config)
    return _encoder(TransformersTower(built.float()), config, rule, name, device, precision)


def _own(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Published | None:
    """timm's weights in our tower, None where no family of ours has one."""
    shapes = {key: tuple(value.shape) for key, value in tensors.items()}
    family = next((family for family in OWN if family.matches(config, shapes)), None)
    if family is None:
        return None
    towers = family.spec(config, shapes)
    return Published(
        family=family.NAME,
        towers=towers,
        tensors=read(family.rules(towers, shapes), tensors, state(towers)),
        preprocess=family.preprocess(towers, Path(), config),
        tokenizer=None,
        config=config,
    )


def _encoder(
    tower: Adapted,
    config: Mapping[str, Any],
    rule: Preprocess,
    name: str,
    device: str | torch.device,
    precision: Precision,
) -> TorchEncoder:
    measured(tower, rule.size, rule.channels)
    kind = {"adapter": type(tower).__name__, "model": type(tower.model).__name__}
    options = kind | {key: config.get(key) for key in ("architecture", "model_type")}
    described = {"parts": {"image": options}, "dim": tower.dim, "preprocess": rule.to_json(), "tokenizer": None}
    return TorchEncoder(
        Joint(tower, None, nn.Identity(), nn.Identity(), torch.zeros(()), None),
        preprocess=rule,
        tokenizer=None,
        dim=tower.dim,
        name=name,
        identity=identity_of(described, digest_of(tower.model.state_dict()), b""),
        device=device,
        precision=precision,
    )


def _transformers_rule(folder: Path, config: Mapping[str, Any]) -> Preprocess:
    """preprocessor_config.json, or a square of the config's own side at -1 to 1."""
    size = config.get("image_size", 224)
    size, channels = (size if isinstance(size, int) else size[0]), config.get("num_channels", 3)
    path, options = settings(folder)
    if options.get("do_flip_channel_order"):
        raise ValueError(f"{path}: do_flip_channel_order is on; pass preprocessed tensors to such a model")
    crop = options.get("do_center_crop", "crop_size" in options) or "crop_pct" in options
    rule = from_folder(folder, (centre_rule if crop else squash_rule)(size, channels), any_size=True)
    asked = options.get("size")
    edge = asked.get("shortest_edge") if isinstance(asked, Mapping) else None
    if "crop_pct" in options and edge:
        # ConvNeXt's processor: below 384 px the shorter side is larger than the cut by this share
        wide = int(edge / options["crop_pct"]) if edge < 384 and options["crop_pct"] else edge
        rule = replace(rule, size=edge, resize="crop" if edge < 384 else "squash", short=wide if wide > edge else 0)
        rule = replace(rule, halves="down" if rule.resize == "crop" else "even")
    return rule


def _installed(package: str, name: str) -> None:
    if find_spec(package) is None:
        raise ValueError(f"{name} needs {package}, which is not installed: pip install {package}")


def first_line(error: Exception) -> str:
    """What an error of another package says, in one line."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
