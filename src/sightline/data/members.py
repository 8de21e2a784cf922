"""The members of a webdataset record, and how they make a sample."""

import json
from typing import Any

import numpy as np

from sightline.data.caption import clean, from_name
from sightline.data.sample import BadSample, Sample

PICTURES = ("jpg", "jpeg", "png", "webp", "svg", "gif", "bmp", "tif", "tiff", "avif")
"""in order of preference where a record has several"""
OTHERS = ("txt", "json", "cls", "mask.png", "depth.png")
FIELDS = frozenset({*PICTURES, *OTHERS})


def split_name(name: str) -> tuple[str, str]:
    """("dir/key", "mask.png") of "dir/key.mask.PNG": the folders belong to the key, which ends at the first dot."""
    folder, slash, base = name.removeprefix("./").rpartition("/")
    stem, _, ending = base.partition(".")
    return folder + slash + stem, ending.lower()


def picture_field(fields: Any) -> str | None:
    """Which member is the picture."""
    return next((ending for ending in PICTURES if ending in fields), None)


def label_of(members: dict[str, bytes]) -> tuple[str, str]:
    """(label, name of its class) as written in `cls` or in the json's label and class; "" where there is none.

    A sample's class may be a number, a name, or a number with a name beside it.
    """
    said = _json(members.get("json", b""))
    number = members.get("cls", b"").decode("utf-8", "replace").strip()
    named = next((said[key] for key in ("class", "class_name", "category") if isinstance(said.get(key), str)), "")
    if not number:
        values = (said.get("label"), said.get("class"))
        number = next((str(int(v)) if isinstance(v, bool) else str(v) for v in values if isinstance(v, int | str)), "")
    return number, named


def sample_of(key: str, members: dict[str, bytes], classes: tuple[str, ...], numbers: dict[str, int]) -> Sample:
    """The sample of a record; `numbers` gives the index in `classes` of a label as written. Raises BadSample."""
    field = picture_field(members)
    if field is None:
        raise BadSample(
            f"{key}: no picture; it has {', '.join(sorted(members))}, expected one of {', '.join(PICTURES)}"
        )
    try:
        said = _json(members.get("json", b""))
        captions = [members.get("txt", b"").decode("utf-8")]
    except UnicodeDecodeError as error:
        raise BadSample(f"{key}: text that is not UTF-8: {error}") from error
    except ValueError as error:
        raise BadSample(f"{key}: malformed json: {error}") from error
    captions += strings(said.get("caption")) + strings(said.get("captions"))
    name = said.get("name")
    if not any(map(str.strip, captions)):
        captions = strings(name) or [from_name(key.rpartition("/")[2])]
    boxes = said.get("boxes") or [thing["box"] for thing in said.get("objects") or () if _boxed(thing)]
    return Sample(
        key=key,
        image=members[field],
        captions=tuple(dict.fromkeys(filter(None, map(clean, captions)))),
        terms=tuple(term.lower() for word in ("keywords", "tags") for term in strings(said.get(word), split=True)),
        label=numbers.get(label_of(members)[0]) if classes else None,
        mask=members.get("mask.png"),
        depth=members.get("depth.png"),
        boxes=_boxes(key, boxes) if boxes else None,
        name=str(said.get("family") or ""),
        extra=said,
    )


def strings(value: Any, *, split: bool = False) -> list[str]:
    """Texts of a value that may be missing, one text, a list of them, or a list written as JSON.

    `split` also parts one text at commas, semicolons and bars, as keywords are written.
    """
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                return strings(json.loads(value))
            except ValueError:
                pass
        pieces = value.replace(";", ",").replace("|", ",").split(",") if split else [value]
        return [piece.strip() for piece in pieces if piece.strip()]
    if isinstance(value, list | tuple):
        return [text.strip() for text in value if isinstance(text, str) and text.strip()]
    return []


def _json(data: bytes) -> dict[str, Any]:
    value = json.loads(data) if data else {}
    return value if isinstance(value, dict) else {}


def _boxed(thing: Any) -> bool:
    return isinstance(thing, dict) and isinstance(thing.get("box"), list) and len(thing["box"]) == 4


def _boxes(key: str, boxes: Any) -> np.ndarray:
    try:
        return np.array(boxes, np.float32).reshape(-1, 4)
    except (ValueError, TypeError) as error:
        raise BadSample(f"{key}: boxes are not lists of x, y, width, height: {error}") from error
