"""The members of a webdataset record, and how they make a sample."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sightline.data.sample import BadSample, Sample
from sightline.data.sources.caption import clean, from_name
from sightline.data.sources.endings import PICTURES as ENDINGS
from sightline.data.sources.endings import ending_of
from sightline.data.sources.keypoint import read_keypoints
from sightline.data.storable import BYTES, encoding_of, escaped, flaw, flaw_in

FIRST = ("jpg", "jpeg", "png", "webp", "svg", "gif", "bmp", "tif", "tiff", "avif")
LAST = ("npy",)
"""an array is the picture only where there is no other: it may be anything beside one"""
PICTURES = (*FIRST, *sorted({ending[1:] for ending in ENDINGS} - {*FIRST, *LAST}), *LAST)
"""in order of preference where a record has several"""
TEXTS = ("txt", "text", "caption", "captions", "cap")
OTHERS = (*TEXTS, "json", "cls")
ALT = frozenset(f"alt.{ending}" for ending in TEXTS)
"""fields of alt text: beside a caption it is both, one of the captions and what `Sample.alt` has"""
KNOWN = frozenset({*PICTURES, *OTHERS})
NAMED = {
    **dict.fromkeys(("image", "img", "picture", "photo", "input"), frozenset(PICTURES)),
    **dict.fromkeys(("mask", "depth"), frozenset({"png"})),
    **dict.fromkeys(("caption", "captions", "text", "prompt", "title", "description", "alt"), frozenset(TEXTS)),
    **dict.fromkeys(("meta", "metadata", "info", "data", "annotation", "annotations"), frozenset({"json"})),
    **dict.fromkeys(("label", "class"), frozenset({"cls", "txt"})),
}
"""fields with a name before the ending, as in `0001.mask.png`, and the endings that each may have"""
CAPTIONS = ("caption", "captions", "text", "texts", "title", "titles", "description", "alt", "alt_text", "prompt")
TERMS = ("keywords", "tags", "terms")
LABELS = ("cls", "label.cls", "class.cls", "label.txt", "class.txt")


def split_name(name: str) -> tuple[str, str]:
    """("dir/key", field) of a member: the field is the last ending, with the name of a known one before it.

    >>> split_name("./dir/IMG v1.2 final.PNG"), split_name("7.mask.png"), split_name("22.05.caption.txt")
    (('dir/IMG v1.2 final', 'png'), ('7', 'mask.png'), ('22.05', 'caption.txt'))
    """
    folder, slash, base = name.removeprefix("./").rpartition("/")
    stem, dot, ending = base.rpartition(".")
    ending = ending.lower()
    if not dot:
        return folder + slash + base, ""
    key, apart, named = stem.rpartition(".")
    if apart and key and ending in NAMED.get(named.lower(), ()):
        return folder + slash + key, f"{named.lower()}.{ending}"
    return folder + slash + stem, ending


def is_known(field: str) -> bool:
    """Whether a member of this field is read."""
    return field.rpartition(".")[2] in KNOWN


def beside(fields: Iterable[str]) -> set[str]:
    """What records of these fields carry beside picture and words, of mask, depth and alt."""
    found = set(fields)
    planes = {name for name in ("mask", "depth") if f"{name}.png" in found}
    return planes | ({"alt"} if found & ALT else set())


def lookalikes(records: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Records that only look like one -> the record they belong to: `0001.seg.png` is a field of 0001 nobody reads.

    One with words of its own is a record that happens to be called like another.
    """
    found: dict[str, str] = {}
    for key, fields in records.items():
        parent = _parent(key, records)
        fields = list(fields)
        if parent and picture_field(records[parent]) and not (picture_field(fields) and len(fields) > 1):
            found[key] = parent
    return found


def picture_field(fields: Iterable[str]) -> str | None:
    """Which member is the picture."""
    plain = {field: field for field in fields if "." not in field}
    named = {f.rpartition(".")[2]: f for f in fields if "." in f and f.partition(".")[0] not in {"mask", "depth"}}
    return next((found[ending] for found in (plain, named) for ending in PICTURES if ending in found), None)


def tells_label(field: str) -> bool:
    """Whether `label_of` looks into a member of this field."""
    return field in LABELS or _is(field, "json")


def label_of(members: dict[str, bytes]) -> tuple[str, str]:
    """(label, name of its class) as written in `cls` or in the json's label and class; "" where there is none.

    A sample's class may be a number, a name, or a number with a name beside it.
    """
    value = _json_of(members)
    said = value if isinstance(value, dict) else {}
    fields = (members.get(field, b"") for field in LABELS)
    number = next(filter(None, (data.decode("utf-8", "replace").strip() for data in fields)), "")
    named = next((said[key] for key in ("class", "class_name", "category") if isinstance(said.get(key), str)), "")
    if not number:
        values = (said.get("label"), said.get("class"))
        number = next((said for v in values if (said := as_written(int(v) if isinstance(v, bool) else v))), "")
    if flaw(number) or flaw(named):
        raise ValueError("a label that is no text")
    return number, named


def sample_of(key: str, members: dict[str, bytes], classes: tuple[str, ...], numbers: dict[str, int]) -> Sample:
    """The sample of a record; `numbers` gives the index in `classes` of a label as written. Raises BadSample."""
    if flaw(key):
        raise BadSample(f"{escaped(key)}: its name holds {flaw(key)}; rename it")
    field = picture_field(members)
    if field is None:
        raise BadSample(
            f"{key}: no picture; it has {', '.join(sorted(members))}, expected one of {', '.join(PICTURES)}"
        )
    captions = [
        line for name, data in sorted(members.items(), key=_order) if _is_text(name) for line in _text(key, data)
    ]
    try:
        value = _json_of(members)
    except (ValueError, RecursionError) as error:
        raise BadSample(f"{key}: malformed json: {error}") from error
    if found := flaw_in(value):
        raise BadSample(f"{key}: its json holds {found}")
    said = value if isinstance(value, dict) else {}
    captions += caption_of(value)
    name = said.get("name")
    if not any(map(str.strip, captions)):
        captions = strings(name) or [from_name(key.rpartition("/")[2])]
    objects = [thing for thing in _list(said.get("objects")) if _boxed(thing)]
    boxes = said.get("boxes") or [thing["box"] for thing in objects]
    points = said.get("keypoints")
    if points is None and objects and all("keypoints" in thing for thing in objects):
        points = [thing["keypoints"] for thing in objects]
    return Sample(
        key=key,
        image=members[field],
        captions=tuple(dict.fromkeys(filter(None, map(clean, captions)))),
        terms=tuple(filter(None, (clean(term).lower() for term in terms_of(said)))),
        alt=tuple(
            filter(None, (clean(line) for name in sorted(ALT & members.keys()) for line in _text(key, members[name])))
        ),
        label=numbers.get(_label(members)) if classes else None,
        mask=members.get("mask.png"),
        depth=members.get("depth.png"),
        boxes=_boxes(key, boxes) if boxes else None,
        keypoints=read_keypoints(points),
        name=clean(str(said.get("family") or "")),
        extra=said,
    )


def caption_of(value: Any) -> list[str]:
    """The captions of what a json says: a text, a list, or what stands under one of CAPTIONS, capitals aside.

    A title that is a file name, as photo services write it, is no caption.
    """
    if isinstance(value, dict):
        lower = {str(key).lower(): said for key, said in reversed(value.items())}
        return [text for key in CAPTIONS for text in texts(lower.get(key)) if not _is_file(text)]
    if isinstance(value, list | tuple):
        return [text for said in value for text in (caption_of(said) if isinstance(said, dict) else strings(said))]
    return strings(value)


def texts(value: Any) -> list[str]:
    """The captions in a value that stands under a name of captions: `strings`, a number, or bytes as parquet has them.

    Of a dictionary its own captions, else all its texts, such as one a language. Raises BadSample for bytes that are no
    text.
    """
    if isinstance(value, dict):
        return caption_of(value) or [text for said in value.values() for text in strings(said)]
    if isinstance(value, list | tuple):
        return [text for said in value for text in (texts(said) if isinstance(said, dict | bytes) else strings([said]))]
    if isinstance(value, bytes):
        text = value.decode(encoding_of(value), BYTES)
        if found := flaw(text):
            raise BadSample(f"a caption holds {found}")
        return strings(text)
    return strings(value if isinstance(value, str) else as_written(value))


def as_written(value: Any) -> str:
    """A text or number as one writes it: 3.0, as tables with gaps hold whole numbers, is 3. "" for NaN and all else.

    >>> as_written(3.0), as_written(2.5), as_written("03"), as_written(float("nan")), as_written(None)
    ('3', '2.5', '03', '', '')
    """
    if isinstance(value, float):
        return "" if not math.isfinite(value) else str(int(value) if value.is_integer() else value)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def terms_of(value: Any) -> list[str]:
    """The keywords of what a json says, one by one."""
    if not isinstance(value, dict):
        return []
    lower = {str(key).lower(): said for key, said in reversed(value.items())}
    return [term for key in TERMS for term in strings(lower.get(key), split=True)]


def strings(value: Any, *, split: bool = False) -> list[str]:
    """Texts of a value that may be missing, one text, a list of them, or a list written as JSON.

    `split` also parts one text at commas, semicolons and bars, as keywords are written.
    """
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                return strings(json.loads(value))
            except (ValueError, RecursionError):
                pass
        pieces = value.replace(";", ",").replace("|", ",").split(",") if split else [value]
        return [piece.strip() for piece in pieces if piece.strip()]
    if isinstance(value, list | tuple):
        return [text.strip() for text in value if isinstance(text, str) and text.strip()]
    return []


def _parent(key: str, keys: Mapping[str, Any]) -> str | None:
    """The longest of the keys that this one goes on from after a dot."""
    folder, slash, base = key.rpartition("/")
    pieces = base.split(".")
    whole = (folder + slash + ".".join(pieces[:count]) for count in range(len(pieces) - 1, 0, -1))
    return next((found for found in whole if found in keys), None)


def _json_of(members: dict[str, bytes]) -> Any:
    """What the json of a record says; a second one with a name of its own adds to it."""
    values = [json.loads(data) for name, data in sorted(members.items(), key=_order) if _is(name, "json") and data]
    if len(values) > 1 and all(isinstance(value, dict) for value in values):
        return {key: said for value in reversed(values) for key, said in value.items()}
    return values[0] if values else {}


def _text(key: str, data: bytes) -> list[str]:
    """The caption in a member of text."""
    text = data.decode(encoding_of(data), BYTES)
    if found := flaw(text):
        reason = "text that is not UTF-8" if "byte" in found else "text that cannot be stored"
        raise BadSample(f"{key}: {reason}: {found}")
    return [text]


def _order(member: tuple[str, bytes]) -> tuple[bool, str]:
    """Fields without a name of their own come first."""
    return "." in member[0], member[0]


def _is(field: str, ending: str) -> bool:
    return field.rpartition(".")[2] == ending


def _is_text(field: str) -> bool:
    return field.rpartition(".")[2] in TEXTS and field.partition(".")[0] not in {"label", "class"}


def _is_file(text: str) -> bool:
    return ending_of(text) in ENDINGS


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _label(members: dict[str, bytes]) -> str:
    try:
        return label_of(members)[0]
    except (ValueError, RecursionError):
        return ""


def _boxed(thing: Any) -> bool:
    return isinstance(thing, dict) and isinstance(thing.get("box"), list) and len(thing["box"]) == 4


def _boxes(key: str, boxes: Any) -> np.ndarray:
    try:
        return np.array(boxes, np.float32).reshape(-1, 4)
    except (ValueError, TypeError) as error:
        raise BadSample(f"{key}: boxes are not lists of x, y, width, height: {error}") from error
