"""One record of a source, before anything is decoded, and the two shapes a source can have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from sightline.data import regular

Encoded = Path | bytes | np.ndarray
"""A picture as a source holds it: a file, its bytes, or (rendered sets) a uint8 array (y, x, 3 or 4); on its way into a
batch also float32 (y, x, band), see `data/feed/banded.py`."""


class BadSample(ValueError):
    """One record that cannot be used: skipped, counted and named in the summary, never fatal by itself."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One record. `key` is stable and unique in its source (relative path, tar key, row number, icon name/weight)."""

    key: str
    image: Encoded
    captions: tuple[str, ...] = ()
    """the first is the main caption (label, title); the others say the same picture in other words."""
    terms: tuple[str, ...] = ()
    """search terms, keywords, tags: words about the picture that are no sentence."""
    negatives: tuple[str, ...] = ()
    """captions that are nearly right and false of this picture."""
    label: int | None = None
    mask: Encoded | None = None
    """class or instance numbers per pixel (PNG bytes or (y, x) integer array)."""
    depth: Encoded | None = None
    """16-bit PNG bytes in millimetres, or (y, x) float32 metres."""
    boxes: np.ndarray | None = None
    """(objects, 4) x, y, width, height in pixels of this picture."""
    keypoints: np.ndarray | None = None
    """(k, 3), or (objects, k, 3), x, y, visibility as in COCO: 0 not labelled, 1 labelled but hidden, 2 visible. Pixels
    from the upper left corner, so that the middle of the first pixel is (0.5, 0.5)."""
    name: str = ""
    """what splits keep together (icon name, concept family); "" means the content decides."""
    extra: dict[str, Any] = field(default_factory=dict)
    """anything else the source knows: categories, phrases, factors, style."""
    alt: tuple[str, ...] = ()
    """alt text: what stands around the picture where it was found, beside captions that describe it; incomplete, and
    now and then of another picture."""
    translation: tuple[str, ...] = ()
    """the main caption in another language."""
    values: np.ndarray | None = None
    """(k,) float32 numbers to be learnt, NaN where one is not known; the source's `columns` say which they are."""

    def content(self) -> bytes:
        """The encoded bytes of the picture (read from disk if need be), for hashing."""
        match self.image:
            case Path():
                return regular.read_regular(self.image)
            case bytes():
                return self.image
            case _:
                return self.image.tobytes()


def class_name(label: int | None, classes: Sequence[str]) -> str | None:
    """What a label is called: None without one, its number where it has no name."""
    if label is None or label < 0:
        return None
    return classes[label] if label < len(classes) else str(label)


@runtime_checkable
class Source(Protocol):
    """A finite set with random access. `source[i]` is cheap: it may read a file, it never decodes."""

    name: str
    """the SRC text it was opened from"""
    has: frozenset[str]
    """what its samples carry, of: image text alt translation negatives label domain values mask depth boxes
    keypoints"""
    classes: tuple[str, ...]
    """names of the labels, () without labels"""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> Sample: ...


def words(source: Source, index: int) -> Sample:
    """The record for those who read its words, name and regions alone: a source that draws its pictures may have a
    method `words` that gives it undrawn."""
    undrawn = getattr(source, "words", None)
    return source[index] if undrawn is None else undrawn(index)


@runtime_checkable
class Stream(Protocol):
    """A set too far away for random access (remote shards): samples of an epoch in a seeded order."""

    name: str
    has: frozenset[str]
    classes: tuple[str, ...]

    def epoch(self, seed: int, epoch: int, skip: int = 0) -> Iterator[Sample]:
        """The samples of one epoch, the first `skip` passed over without being handed out (never decoded)."""
        ...
