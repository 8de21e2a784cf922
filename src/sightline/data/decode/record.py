"""A sample decoded, and a list of them put together: what memory keeps and what a worker hands over. numpy only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sightline.data.decode.guard import guarded
from sightline.data.decode.picture import decode
from sightline.data.decode.target import extent, read_depth, read_mask, scale_boxes
from sightline.data.sample import BadSample, Sample, Source

LONGEST = 2
"""A picture's longer side is stored at most this many times the shorter side asked for: one long strip in a batch would
pad all the others to its length."""


@dataclass(frozen=True, slots=True)
class Record:
    """One sample at its stored size."""

    sample: Sample
    """its words and label; the encoded picture, mask and depth are let go"""
    image: np.ndarray
    """uint8 (c, y, x), RGB or straight (not premultiplied) RGBA"""
    mask: np.ndarray | None = None
    """integers (y, x)"""
    depth: np.ndarray | None = None
    """float32 (y, x) metres"""
    boxes: np.ndarray | None = None
    """float32 (objects, 4) x, y, width, height in pixels of `image`"""

    @property
    def bytes(self) -> int:
        """What keeping it costs: the arrays, and a rough kilobyte of words."""
        arrays = (self.image, self.mask, self.depth, self.boxes)
        return 1024 + sum(array.nbytes for array in arrays if array is not None)


@dataclass(frozen=True, slots=True)
class Bad:
    """A sample that cannot be used, by its key (or number, where not even the record could be read), and why."""

    key: str
    reason: str


def fetch(source: Source, index: int) -> Sample | Bad:
    """The record at `index`, not decoded."""
    try:
        with guarded("unreadable record"):
            return source[index]
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


def read(sample: Sample, size: int, fields: frozenset[str] = frozenset()) -> Record:
    """Decode a sample so that its shorter side is `size` (smaller rasters stay as they are), or less for a strip.

    `fields` may name mask, depth and boxes, which are brought to the picture's size. Raises BadSample.
    """
    image = decode(sample.image, size)
    if (longer := max(image.shape)) > LONGEST * size:
        image = decode(image, max(1, min(image.shape[:2]) * LONGEST * size // longer))
    shape = image.shape[0], image.shape[1]
    mask = depth = boxes = None
    if "mask" in fields and sample.mask is not None:
        mask = read_mask(sample.mask, shape)
    if "depth" in fields and sample.depth is not None:
        depth = read_depth(sample.depth, shape)
    if "boxes" in fields and sample.boxes is not None:
        boxes = scale_boxes(sample.boxes, extent(sample.image), shape)
    words = replace(sample, image=b"", mask=None, depth=None, boxes=None)
    return Record(words, np.ascontiguousarray(image.transpose(2, 0, 1)), mask, depth, boxes)


def collate(records: Sequence[Record], fields: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Records as one padded batch of arrays: image, size, label, and of mask, depth, boxes what `fields` names.

    Smaller pictures stand in the upper left corner. Four channels as soon as one picture has alpha; padding is 0 in
    `image` and `depth`, -1 in `mask`.
    """
    sizes = np.array([record.image.shape[1:] for record in records], np.int64)
    extents = (int(sizes[:, 0].max()), int(sizes[:, 1].max()))
    made: dict[str, Any] = {
        "image": _images([record.image for record in records], extents),
        "size": sizes,
        "label": np.array([-1 if r.sample.label is None else r.sample.label for r in records], np.int64),
    }
    if "mask" in fields:
        made["mask"] = _planes([record.mask for record in records], extents, np.int64(-1))
    if "depth" in fields:
        made["depth"] = _planes([record.depth for record in records], extents, np.float32(0))
    if "boxes" in fields:
        none = np.zeros((0, 4), np.float32)
        made["boxes"] = [none if record.boxes is None else record.boxes for record in records]
    return made


def _images(images: list[np.ndarray], extents: tuple[int, int]) -> np.ndarray:
    if len({image.shape for image in images}) == 1:
        return np.stack(images)
    padded = np.zeros((len(images), max(len(image) for image in images), *extents), np.uint8)
    for row, image in zip(padded, images, strict=True):
        y, x = image.shape[1:]
        row[: len(image), :y, :x] = image
        row[len(image) :, :y, :x] = 255
    return padded


def _planes(planes: list[np.ndarray | None], extents: tuple[int, int], empty: np.generic) -> np.ndarray:
    padded = np.full((len(planes), *extents), empty)
    for row, plane in zip(padded, planes, strict=True):
        if plane is not None:
            row[: plane.shape[0], : plane.shape[1]] = plane
    return padded
