"""How a published folder prepares pictures: transformers' preprocessor_config.json, open_clip's preprocess_cfg."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

from sightline.data.prepare.preprocess import Preprocess
from sightline.weights.published.files import read_object

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
HALF = (0.5, 0.5, 0.5)
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

RESAMPLE: dict[int, Literal["bicubic", "bilinear"]] = {2: "bilinear", 3: "bicubic"}
"""Pillow's numbers, which transformers writes down"""


def clip_rule(size: int) -> Preprocess:
    """CLIP's: shorter side to `size`, centre cut out, bicubic."""
    return Preprocess(size=size, mean=CLIP_MEAN, std=CLIP_STD, resize="crop", interpolation="bicubic")


def siglip_rule(size: int) -> Preprocess:
    """SigLIP's: squashed to a square, -1 to 1. Its authors resize bilinearly; transformers says bicubic in its file."""
    return Preprocess(size=size, mean=HALF, std=HALF, resize="squash", interpolation="bilinear")


def from_transformers(folder: Path, rule: Preprocess) -> Preprocess:
    """`rule`, the family's own, changed by what preprocessor_config.json says; as it is where there is no such file.

    The tower decides the size in the end: `rule.size`. Raises ValueError for a step that `Preprocess` does not do.
    """
    path, options = settings(folder)
    try:
        return _changed(options, rule) if options else rule
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def settings(folder: Path) -> tuple[Path, dict[str, Any]]:
    """transformers' settings for pictures and the file that holds them; {} where there is none.

    A file of their own, or, as transformers 5 writes whole processors, a part of processor_config.json.
    """
    path = folder / "preprocessor_config.json"
    path = path if path.is_file() else folder / "processor_config.json"
    options = read_object(path) if path.is_file() else {}
    inner = options.get("image_processor", {} if path.name == "processor_config.json" else options)
    return path, inner if isinstance(inner, dict) else {}


def from_open_clip(options: Mapping[str, Any], rule: Preprocess) -> Preprocess:
    """`rule` changed by open_clip's `preprocess_cfg`."""
    modes = {"shortest": "crop", "squash": "squash", "longest": "pad"}
    mode, kernel = options.get("resize_mode", "shortest"), options.get("interpolation", rule.interpolation)
    if mode not in modes or kernel not in ("bicubic", "bilinear", "random"):
        raise ValueError(f"preprocess_cfg has resize_mode {mode!r} and interpolation {kernel!r}, which are not known")
    fill = options.get("fill_color", 0)
    return replace(
        rule,
        mean=_three(options.get("mean", rule.mean)),
        std=_three(options.get("std", rule.std)),
        resize=cast(Any, modes[mode]),
        interpolation="bicubic" if kernel == "random" else kernel,
        **({"background": _three(fill)} if modes[mode] == "pad" else {}),
    )


def _changed(options: Mapping[str, Any], rule: Preprocess) -> Preprocess:
    if options.get("do_resize") is False or options.get("do_normalize") is False or options.get("do_rescale") is False:
        off = [step for step in ("do_resize", "do_normalize", "do_rescale") if options.get(step) is False]
        raise ValueError(f"{', '.join(off)} is off; pass preprocessed tensors to such an encoder, or switch it on")
    factor = options.get("rescale_factor", 1 / 255)
    if abs(factor - 1 / 255) > 1e-9:
        raise ValueError(f"rescale_factor is {factor}; expected 1/255")
    size = options.get("size")
    resize = rule.resize
    if isinstance(size, Mapping) and "shortest_edge" in size or isinstance(size, int):
        resize = "crop" if options.get("do_center_crop", True) else rule.resize
    elif isinstance(size, Mapping) and {"height", "width"} <= size.keys() and not options.get("do_center_crop"):
        resize = "squash"
    kernel = options.get("resample", rule.interpolation)
    if isinstance(kernel, int):
        if kernel not in RESAMPLE:
            raise ValueError(f"resample is {kernel}; known are 2 (bilinear) and 3 (bicubic)")
        kernel = RESAMPLE[kernel]
    short = size if isinstance(size, int) else size.get("shortest_edge") if isinstance(size, Mapping) else None
    crop = options.get("crop_size")
    crop = crop.get("height") if isinstance(crop, Mapping) else crop
    wide = short / crop if resize == "crop" and short and crop else 1.0
    return replace(
        rule,
        mean=_three(options.get("image_mean", rule.mean)),
        std=_three(options.get("image_std", rule.std)),
        resize=resize,
        interpolation=kernel,
        halves="down" if resize == "crop" else "even",
        **({"short": round(wide * rule.size)} if wide != 1.0 else {}),
    )


def _three(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, Sequence) else (value,) * 3
