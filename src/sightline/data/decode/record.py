"""A sample decoded, and a list of them put together: what memory keeps and what a worker hands over. numpy only."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard, TypeVar

import numpy as np

from sightline.data.batch import KEYS, made_of_records
from sightline.data.decode.bands import reduced
from sightline.data.decode.guard import guarded
from sightline.data.decode.picture import decode
from sightline.data.decode.target import extent, known_depth, read_mask, scale_boxes, scale_keypoints
from sightline.data.sample import BadSample, Encoded, Sample, Source, words

T = TypeVar("T")
LONGEST = 2
"""A picture's longer side is stored at most this many times the shorter side asked for: one long strip in a batch would
pad all the others to its length."""
UNSEEN = np.zeros((1, 1, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Record:
    """One sample at its stored size."""

    sample: Sample
    """its words and label; the encoded picture and targets are let go"""
    image: np.ndarray
    """uint8 (c, y, x), RGB or straight (not premultiplied) RGBA; of bands float32"""
    targets: Mapping[str, np.ndarray] = field(default_factory=dict)
    """what belongs to the picture, of TARGETS: mask (y, x) integers, depth (y, x) float32 metres, boxes (objects, 4)
    float32 x, y, width, height and keypoints (..., k, 3) float32 x, y, visibility in pixels of `image`; without a key
    where nothing was asked for or is there"""

    @property
    def bytes(self) -> int:
        """What keeping it costs: the arrays, and a rough kilobyte of words."""
        return 1024 + self.image.nbytes + sum(array.nbytes for array in self.targets.values())


@dataclass(frozen=True, slots=True)
class Bad:
    """A sample that cannot be used, by its key (or number, where not even the record could be read), and why."""

    key: str
    reason: str


def good(found: Iterator[T | Bad], bad: MutableMapping[str, str]) -> Iterator[T]:
    """What could be used, in order; of the rest the reasons by key go into `bad`."""
    for one in found:
        if isinstance(one, Bad):
            bad[one.key] = one.reason
        else:
            yield one


def fetch(source: Source, index: int) -> Sample | Bad:
    """The record at `index`, not decoded."""
    return _answered(source, index, lambda source, index: source[index])


def fetch_words(source: Source, index: int) -> Sample | Bad:
    """The record at `index` for those who read its words alone: it may have no picture (`sample.words`)."""
    return _answered(source, index, words)


def asked(source: Source, index: int, size: int, fields: frozenset[str]) -> Sample | Bad:
    """The record at `index` for one who stores it at `size` with `fields`: undrawn where the picture is not looked at
    (0) and nothing but words is asked for."""
    return fetch_words(source, index) if not size and all(KEYS[key].spoken for key in fields) else fetch(source, index)


def _answered(source: Source, index: int, take: Callable[[Source, int], Sample]) -> Sample | Bad:
    try:
        with guarded("unreadable record"):
            return take(source, index)
    except BadSample as error:
        return Bad(f"sample {index}", str(error))


def attempt(sample: Sample | Bad, size: int, fields: frozenset[str] = frozenset()) -> Record | Bad:
    """`read`, with what cannot be read as an answer rather than an exception."""
    if isinstance(sample, Bad):
        return sample
    try:
        with guarded():
            return read(sample, size, fields)
    except BadSample as error:
        return Bad(sample.key, str(error))


TARGETS: dict[str, Callable[[Any, Encoded, tuple[int, int]], np.ndarray]] = {
    "mask": lambda mask, image, shape: read_mask(mask, shape),
    "depth": lambda depth, image, shape: known_depth(depth, shape),
    "boxes": lambda boxes, image, shape: scale_boxes(boxes, extent(image), shape),
    "keypoints": lambda points, image, shape: scale_keypoints(points, extent(image), shape),
}
"""Field of a Sample -> (its value, the encoded picture, the stored height and width) -> it at the stored size."""


def read(sample: Sample, size: int, fields: frozenset[str] = frozenset()) -> Record:
    """Decode a sample so that its shorter side is `size` (smaller rasters stay as they are), or less for a strip.

    `fields` may name those of TARGETS, which are brought to the picture's size. A `size` of 0 is for those who read the
    words alone: the picture is not looked at, and one black pixel stands for it. Raises BadSample.
    """
    image = _pixels(sample.image, size)
    if size and not _is_bands(sample.image) and (longer := max(image.shape)) > LONGEST * size:
        image = decode(image, max(1, min(image.shape[:2]) * LONGEST * size // longer))
    shape = image.shape[0], image.shape[1]
    given = {name: getattr(sample, name) for name in TARGETS if name in fields}
    targets = {name: TARGETS[name](v, sample.image, shape) for name, v in given.items() if v is not None}
    words = replace(sample, image=b"", **dict.fromkeys(TARGETS))
    return Record(words, np.ascontiguousarray(image.transpose(2, 0, 1)), targets)


def _pixels(image: Encoded, size: int) -> np.ndarray:
    if not size:
        return UNSEEN
    return reduced(image, size, LONGEST) if _is_bands(image) else decode(image, size)


def _is_bands(image: Encoded) -> TypeGuard[np.ndarray]:
    """Whether it is float32 (y, x, band), as `data/feed/banded.py` makes them."""
    return isinstance(image, np.ndarray) and image.dtype == np.float32


def collate(records: Sequence[Record], fields: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Records as one padded batch of arrays: image, size, label, and of TARGETS what `fields` names.

    Smaller pictures stand in the upper left corner. Four channels as soon as one picture has alpha; padding is 0 in
    `image` and `depth`, -1 in `mask` (`data/batch.py`).
    """
    sizes = [record.image.shape[1:] for record in records]
    extents = max(y for y, _ in sizes), max(x for _, x in sizes)
    made: dict[str, Any] = {}
    for name in made_of_records(fields):
        join = KEYS[name].join
        assert join is not None, name
        made[name] = join([_row(record, name) for record in records], extents)
    return made


def _row(record: Record, name: str) -> np.ndarray | None:
    """What a sample has of a key."""
    match name:
        case "image":
            return record.image
        case "size":
            return np.array(record.image.shape[1:], np.int64)
        case "label":
            return None if record.sample.label is None else np.array(record.sample.label, np.int64)
        case "values":
            return record.sample.values
        case "domain":
            return np.array(record.sample.extra.get("domain", 0), np.int64)
        case _:
            return record.targets.get(name)
