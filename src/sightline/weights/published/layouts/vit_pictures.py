"""How image-only models prepare pictures: ImageNet's and ViT's rules, and the side that a folder asks for.

Towers with interpolated or rotary positions take any size, so the folder's preprocessor_config.json decides: DINOv2 has
positions for 518 px and is used at 224.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sightline.data.prepare.preprocess import INTERPOLATION, Preprocess
from sightline.weights.published.layouts.pictures import HALF, IMAGENET_MEAN, IMAGENET_STD, from_transformers, settings

Numbers = tuple[float, ...]


def centre_rule(size: int, channels: int = 3) -> Preprocess:
    """DINO's and MAE's: shorter side to 8/7 of `size` (256 of 224), centre cut out, bicubic, ImageNet's numbers."""
    mean, std = _numbers(channels, IMAGENET_MEAN, IMAGENET_STD)
    short = round(size * 256 / 224)
    return Preprocess(
        size=size, mean=mean, std=std, resize="crop", interpolation="bicubic", channels=channels, short=short
    )


def squash_rule(size: int, channels: int = 3, *, imagenet: bool = False) -> Preprocess:
    """ViT's: squashed to a square, bilinear, -1 to 1; ImageNet's numbers for DINOv3."""
    mean, std = _numbers(channels, *((IMAGENET_MEAN, IMAGENET_STD) if imagenet else (HALF, HALF)))
    return Preprocess(size=size, mean=mean, std=std, resize="squash", interpolation="bilinear", channels=channels)


def from_folder(folder: Path, rule: Preprocess, *, any_size: bool) -> Preprocess:
    """`rule` changed by the folder's preprocessor_config.json; its side too where the tower takes `any_size`."""
    _, options = settings(folder)
    if not options:
        return rule
    side = _side(options)
    if any_size and side:
        rule = replace(rule, size=side, short=round(rule.short * side / rule.size))
    if rule.resize == "squash":
        # a lone number is a square to transformers' ViT classes, which cut nothing unless the file says so
        given = from_transformers(folder, rule)
        return given if options.get("do_center_crop") else replace(given, resize="squash", short=0, halves="even")
    found = from_transformers(folder, replace(rule, short=0))
    return found if options.get("size") or found.resize != "crop" else replace(found, short=rule.short)


def _numbers(channels: int, mean: Numbers, std: Numbers) -> tuple[Numbers, Numbers]:
    """Published ones for red, green, blue; for other bands nobody published any: -1 to 1."""
    return (mean, std) if channels == len(mean) else ((0.5,) * channels, (0.5,) * channels)


def _side(options: Mapping[str, Any]) -> int:
    """The side of what reaches the tower; 0 where the file does not say."""
    cut = options.get("crop_size") if options.get("do_center_crop", "crop_size" in options) else None
    for size in (cut, options.get("size")):
        if isinstance(size, int):
            return size
        if isinstance(size, Mapping) and isinstance(size.get("height"), int):
            return size["height"]
    return 0


def timm_rule(options: Mapping[str, Any], size: int, channels: int = 3) -> Preprocess:
    """timm's evaluation transform by its `pretrained_cfg`; `size` where the tower takes no other.

    ValueError for a crop mode that `Preprocess` does not have.
    """
    mode, share = options.get("crop_mode") or "center", options.get("crop_pct") or 0.875
    kernel = options.get("interpolation") or "bicubic"
    known = {"random": "bicubic"} | {name: name for name in INTERPOLATION}
    if kernel not in known or (mode != "center" and share != 1.0) or mode not in ("center", "squash"):
        raise ValueError(f"pretrained_cfg has crop_mode {mode!r}, crop_pct {share} and interpolation {kernel!r}")
    mean, std = _numbers(channels, IMAGENET_MEAN, IMAGENET_STD)
    given_mean, given_std = (tuple(options.get(name) or ()) for name in ("mean", "std"))
    fits = len(given_mean) == len(given_std) == channels
    short = int(size / share)
    return Preprocess(
        size=size,
        mean=given_mean if fits else mean,
        std=given_std if fits else std,
        resize="squash" if mode == "squash" else "crop",
        interpolation="bilinear" if known[kernel] == "bilinear" else "bicubic",
        channels=channels,
        short=short if mode == "center" and short != size else 0,
    )
