"""Specs to plain JSON and back: every object carries its `family`."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sightline.towers.spec import conv, decoder, dense, image, parts, text
from sightline.towers.spec.conv import ConvSpec
from sightline.towers.spec.decoder import PartSpec
from sightline.towers.spec.dense import DetectorSpec, MaskDetectorSpec, SegmenterSpec
from sightline.towers.spec.image import TransformerImageSpec
from sightline.towers.spec.text import EncoderDecoderSpec, TextSpec, WordHeadSpec

ImageSpec = ConvSpec | TransformerImageSpec
DenseSpec = DetectorSpec | MaskDetectorSpec | SegmenterSpec
Spec = ImageSpec | TextSpec | WordHeadSpec | EncoderDecoderSpec | PartSpec | DenseSpec

TOWERS: dict[str, type] = conv.TOWERS | image.TOWERS | text.TOWERS
WHOLE: dict[str, type] = TOWERS | text.SYSTEM | decoder.SYSTEM | dense.SYSTEM
"""What a recipe names as a part of its system. A new module of specs adds its dictionaries here and below."""
FAMILIES: dict[str, type] = WHOLE | conv.PARTS | parts.PARTS | text.PARTS | decoder.PARTS
"""The names written in files: a class may be renamed, its family not."""


def kinds_like(spec: Any) -> Any:
    """The kinds of parts that may stand in the place of `spec`: a union of towers, or its own kind alone."""
    for union in (ImageSpec, TextSpec):
        if type(spec) in get_args(union):
            return union
    return type(spec)


def to_json(spec: Spec) -> dict[str, Any]:
    """The spec as plain JSON values, each object with its `family`."""
    return _plain(spec)


def from_json(data: Mapping[str, Any]) -> Spec:
    """The spec written by `to_json`. ValueError names the unknown family or field, lists the known ones, or names the
    field whose value has the wrong type."""
    spec = _parse(data)
    if data["family"] not in WHOLE:
        known = ", ".join(WHOLE)
        raise ValueError(f"family {data['family']!r} is a piece of a part and builds nothing alone; parts are {known}")
    return spec


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        family = next(name for name, kind in FAMILIES.items() if type(value) is kind)
        return {"family": family} | {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return list(value) if isinstance(value, tuple) else value


def _parse(data: Any) -> Any:
    if not isinstance(data, Mapping):
        return tuple(data) if isinstance(data, list) else data
    family = data.get("family")
    if family not in FAMILIES:
        raise ValueError(f"unknown family {family!r}; known are {', '.join(FAMILIES)}")
    kind = FAMILIES[family]
    hints = get_type_hints(kind)
    known = {f.name: hints[f.name] for f in fields(kind)}
    values = {name: _parse(value) for name, value in data.items() if name != "family"}
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{family} has no field {name!r}; it has {', '.join(known) or 'none'}")
        if not _fits(value, known[name]):
            raise ValueError(f"{family}.{name} cannot be {data[name]!r}; it is {_name(known[name])}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{family} lacks a field: {error}") from None


def _fits(value: Any, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, option) for option in inner)
    if origin is Literal:
        return value in inner
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, inner[0]) for item in value)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is bool:
        return isinstance(value, bool)
    return isinstance(value, hint) and not isinstance(value, bool)


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else re.sub(r"\b(?:\w+\.)+", "", str(hint))
