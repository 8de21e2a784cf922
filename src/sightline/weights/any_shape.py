"""A ViT's weights as a NaFlex tower's: the kernel as a linear map of flat patches, the positions as they are.

On a square picture of the ViT's own size both give the same; of other shapes and lengths positions are resized.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from sightline.data.prepare.naflex_rule import NaFlexRule, Rule
from sightline.nn.conv.kernel import flat, unflat
from sightline.towers.spec import LearnedSpec, NaFlexSpec, PatchSpec, ViTSpec

SAME = ("dim", "depth", "heads", "mlp", "pool", "entry", "norm", "act", "channels", "layer_scale", "drop_path")


def with_any_shape(
    spec: Any, tensors: Mapping[str, Tensor], rule: Rule, length: int
) -> tuple[NaFlexSpec, dict[str, Tensor], NaFlexRule]:
    """Spec, tensors (the tower's begin with `image.`) and evaluation view for pictures of any shape, of at most
    `length` patches. ValueError for what is no ViT that cuts colour pictures into patches."""
    if isinstance(spec, NaFlexSpec) and isinstance(rule, NaFlexRule):
        return replace(spec, length=length), dict(tensors), replace(rule, length=length)
    if not isinstance(spec, ViTSpec) or not isinstance(spec.stem, PatchSpec) or spec.channels != 3:
        stem = getattr(spec, "stem", None)
        raise ValueError(
            f"pictures of any shape are read by a ViT that cuts colour pictures into patches, and this is a "
            f"{type(spec).__name__} of {getattr(spec, 'channels', 3)} channels"
            f"{'' if stem is None else f' with stem={type(stem).__name__}'}: name an encoder whose image tower is a "
            "ViTSpec of 3 channels with stem=PatchSpec (most of siglip, siglip2 and clip are), or train it by a recipe "
            "of pictures of one size"
        )
    how = LearnedSpec(resample="bilinear_antialias") if isinstance(spec.position, LearnedSpec) else spec.position
    shared = {name: getattr(spec, name) for name in SAME}
    made = NaFlexSpec(patch=spec.patch, length=length, grid=spec.size // spec.patch, position=how, **shared)
    given = {_renamed(name): value for name, value in tensors.items()}
    given["image.vit.stem.weight"] = flat(unflat(given.pop("image.vit.stem.proj.weight"), 3), "yxc")
    given["image.vit.stem.bias"] = given.pop("image.vit.stem.proj.bias")
    seen = NaFlexRule(patch=spec.patch, length=length, mean=rule.mean, std=rule.std, background=rule.background)
    return made, given, seen


def _renamed(name: str) -> str:
    return f"image.vit.{name.removeprefix('image.')}" if name.startswith("image.") else name
