"""SigLIP 2 NaFlex as transformers writes it (Tschannen et al. 2025): Siglip2Model, pictures of any aspect ratio.

SigLIP 2 for one resolution is written as SigLIP: see `siglip`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightline.data.prepare.naflex_rule import NaFlexRule
from sightline.towers.spec import Map, Mean, NaFlexSpec, Norm
from sightline.weights.published.family import siglip
from sightline.weights.published.family.protocol import Config, Shapes, Towers
from sightline.weights.published.keymap import Ignore, Rule
from sightline.weights.published.layouts.layout import activation, is_a, merged, renamed, side, sizes
from sightline.weights.published.layouts.pictures import HALF, settings

NAME = "siglip2"
TYPES = ("siglip2", "siglip2_vision_model", "siglip2_text_model")
VISION = {key: value for key, value in siglip.VISION.items() if key != "image_size"} | {"num_patches": 256}


def matches(config: Config, shapes: Shapes) -> bool:
    return is_a(config, *TYPES)


def spec(config: Config, shapes: Shapes) -> Towers:
    if is_a(config, "siglip2_vision_model"):
        image = image_spec(merged(VISION, config))
        return Towers(image=image, text=None, dim=image.dim)
    if is_a(config, "siglip2_text_model"):
        text = merged(siglip.TEXT, config)
        return Towers(image=None, text=siglip.text_spec(text), dim=siglip.text_dim(text), project_text="linear_bias")
    text = merged(siglip.TEXT, config.get("text_config"))
    return siglip.pair(
        image_spec(merged(VISION, config.get("vision_config"))), siglip.text_spec(text), siglip.text_dim(text)
    )


def image_spec(c: Mapping[str, Any]) -> NaFlexSpec:
    """The vision tower of a whole vision config; positions are kept for a square of `num_patches`."""
    siglip.check_pool(c)
    grid = round(c["num_patches"] ** 0.5)
    if grid * grid != c["num_patches"]:
        raise ValueError(f"num_patches is {c['num_patches']}; positions are kept for a square grid: expected a square")
    return NaFlexSpec(
        patch=side(c["patch_size"], "patch_size"),
        **sizes(c),
        length=c["num_patches"],
        grid=grid,
        pool=Map() if c["vision_use_head"] else Mean(),
        norm=Norm(eps=c["layer_norm_eps"]),
        act=activation(c["hidden_act"]),
        channels=c["num_channels"],
    )


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    found: list[Rule] = [Ignore("*position_ids")]
    if isinstance(towers.image, NaFlexSpec):
        theirs = siglip.prefix("vision_model.", towers, shapes)
        found += renamed(f"{theirs}embeddings.patch_embedding", "image.vit.stem")
        found += siglip.vision_rules(towers.image, theirs, "image.vit.")
    return found + siglip.text_side(towers, shapes)


def preprocess(towers: Towers, folder: Path, config: Config) -> NaFlexRule | None:
    spec = towers.image
    if not isinstance(spec, NaFlexSpec):
        return None
    _, options = settings(folder)
    return NaFlexRule(
        patch=spec.patch,
        length=options.get("max_num_patches", spec.length),
        mean=tuple(options.get("image_mean", HALF)),
        std=tuple(options.get("image_std", HALF)),
    )


tokenizer = siglip.tokenizer
