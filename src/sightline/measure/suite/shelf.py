"""Samples that can be measured on: each was decoded once, and what belongs to its pixels is brought to a square.

Questions about whole pictures take them as they are, through each encoder's own preprocessing. Questions about places
take squares: padded to a square, so that every preprocessing sees the same part of it, and a place of the picture is a
place of the token grid.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.decode.guard import guarded
from sightline.data.decode.picture import decode
from sightline.data.decode.target import extent, must_match, read_depth, read_mask, scale_boxes
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import BadSample, Sample, Source, class_name
from sightline.measure.pictures import Pictures, digest_of

IGNORED = 255
"""in a mask: a pixel that is not judged"""


class Shelf:
    """Samples in an order. `name` is the SRC they come from; `bad` says by key what was left aside, and why."""

    def __init__(self, samples: Sequence[Sample], name: str, classes: Sequence[str] = (), domain: str = "") -> None:
        """`domain` names the field of `sample.extra` by which pictures are told apart (emoji: style)."""
        self.samples, self.name, self.classes, self.domain = list(samples), name, tuple(classes), domain
        self.bad: dict[str, str] = {}

    @classmethod
    def of(
        cls, source: Source, indices: Sequence[int], *, domain: str = "", tell: Callable[[int], None] = lambda k: None
    ) -> "Shelf":
        """The samples of a source at `indices`, each decoded once to see that it can be.

        Files are read here, once: one that changes later changes nothing for the second encoder.
        """
        kept, bad = [], {}
        for index in indices:
            try:
                with guarded("unreadable record"):
                    sample = source[int(index)]
                    sample = replace(sample, image=sample.content()) if isinstance(sample.image, Path) else sample
                decode(sample.image, 32)
                kept.append(sample)
            except BadSample as error:
                bad[f"sample {index}"] = str(error)
            tell(1)
        shelf = cls(kept, source.name, source.classes, domain)
        shelf.bad = bad
        return shelf

    def __len__(self) -> int:
        return len(self.samples)

    def part(self, indices: Sequence[int] | np.ndarray) -> "Shelf":
        """The samples at `indices`, in that order."""
        return Shelf([self.samples[int(i)] for i in indices], self.name, self.classes, self.domain)

    @cached_property
    def pictures(self) -> Pictures:
        """As they are."""
        return Pictures([sample.image for sample in self.samples], captions=self.captions)

    @cached_property
    def captions(self) -> list[str]:
        """The main caption of each, "" where there is none."""
        return [sample.captions[0].strip() if sample.captions else "" for sample in self.samples]

    @cached_property
    def labels(self) -> list[str | None]:
        """The name of each picture's class, None where it has no label."""
        return [class_name(sample.label, self.classes) for sample in self.samples]

    @cached_property
    def domains(self) -> list[str] | None:
        """The domain of each picture by its name; None where no domain was named or a picture has none."""
        found = [self.value(sample, self.domain) for sample in self.samples] if self.domain else []
        return [str(value) for value in found] if found and all(value is not None for value in found) else None

    @staticmethod
    def value(sample: Sample, name: str) -> Any:
        """A field of what a sample's source knows of it; None where it has none."""
        return sample.extra.get(name, sample.extra.get("design", {}).get(name))

    @cached_property
    def told(self) -> str:
        """A digest of what is said of the pictures: names, labels, captions, and the masks, depths and boxes."""
        whole = hashlib.blake2b(digest_size=16)
        for sample, label in zip(self.samples, self.labels, strict=True):
            boxes = None if sample.boxes is None else np.asarray(sample.boxes).tolist()
            whole.update(repr((sample.name, label, sample.captions, boxes)).encode())
            for plane in (sample.mask, sample.depth):
                whole.update(b"" if plane is None else digest_of(plane))
        return whole.hexdigest()

    @property
    def keys(self) -> list[str]:
        return [sample.key for sample in self.samples]

    def has(self, what: str) -> bool:
        """Whether any sample has `mask`, `depth`, `boxes`, `label` or `captions`."""
        found = (getattr(sample, what) for sample in self.samples)
        return any(value is not None and not (isinstance(value, tuple) and not value) for value in found)

    def squares(self, side: int) -> Pictures:
        """Every picture padded with white to a square of `side` pixels, uint8 (side, side, 3)."""
        return Pictures([squared(sample.image, side) for sample in self.samples], captions=self.captions)

    def masks(self, side: int) -> list[np.ndarray | None]:
        """Class or instance numbers (side, side) int64 of the squares; `IGNORED` in the padding. None: no mask."""
        return [None if sample.mask is None else square_mask(sample, side) for sample in self.samples]

    def depths(self, side: int) -> list[np.ndarray | None]:
        """Metres (side, side) float32 of the squares; 0 in the padding and where unknown, or no finite number."""
        return [None if sample.depth is None else square_depth(sample, side) for sample in self.samples]

    def boxes(self, side: int) -> list[np.ndarray | None]:
        """(objects, 4) float32 x, y, width, height in pixels of the squares."""
        return [None if sample.boxes is None else square_boxes(sample, side) for sample in self.samples]


def squared(image: Any, side: int) -> np.ndarray:
    """The whole picture in a white square of `side` pixels, in its middle, uint8 (side, side, 3)."""
    return Preprocess(size=side).canvas(image)


def square_mask(sample: Sample, side: int) -> np.ndarray:
    assert sample.mask is not None
    must_match(sample.mask, sample.image, "mask")
    fit, corner = _place(sample, side)
    whole = np.full((side, side), IGNORED, np.int64)
    with guarded("mask"):
        whole[corner[0] : corner[0] + fit[0], corner[1] : corner[1] + fit[1]] = read_mask(sample.mask, fit)
    return whole


def square_depth(sample: Sample, side: int) -> np.ndarray:
    assert sample.depth is not None
    must_match(sample.depth, sample.image, "depth")
    fit, corner = _place(sample, side)
    whole = np.zeros((side, side), np.float32)
    with guarded("depth"):
        read = read_depth(sample.depth, fit)
    whole[corner[0] : corner[0] + fit[0], corner[1] : corner[1] + fit[1]] = np.where(np.isfinite(read), read, 0)
    return whole


def square_boxes(sample: Sample, side: int) -> np.ndarray:
    assert sample.boxes is not None
    fit, corner = _place(sample, side)
    moved = scale_boxes(sample.boxes, _extent(sample.image), fit)
    return moved + np.array([corner[1], corner[0], 0, 0], np.float32)


def _place(sample: Sample, side: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Height and width of the picture in its square, and its upper left corner (y, x)."""
    fit = _fit(_extent(sample.image), side)
    return fit, ((side - fit[0]) // 2, (side - fit[1]) // 2)


def _extent(image: Any) -> tuple[int, int]:
    with guarded():
        return extent(image)


def _fit(shape: tuple[int, int], side: int) -> tuple[int, int]:
    """Height and width as `Preprocess` pads."""
    scale = side / max(shape)
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
