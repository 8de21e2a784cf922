"""A source whose pictures come as their bands, for towers of as many channels."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.decode.bands import channels_last, unit_range
from sightline.data.prepare.preprocess import stored
from sightline.data.sample import Sample, Source, words
from sightline.data.sources.labels import labels_of


class Banded:
    """The samples of a source, each picture float32 (y, x, `channels`): integers scaled to 0..1, floats as they are.

    A picture of another number of bands is a BadSample, which names both numbers.
    """

    def __init__(self, source: Source, channels: int) -> None:
        self.source, self.channels = source, channels
        self.name, self.has, self.classes = source.name, source.has, source.classes
        self.keypoint_flip: tuple[int, ...] = getattr(source, "keypoint_flip", ())

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Sample:
        sample = self.source[index]
        bands = channels_last(np.asarray(stored(sample.image)), self.channels)
        return replace(sample, image=unit_range(bands))

    def words(self, index: int) -> Sample:
        """The record without its picture read."""
        return words(self.source, index)

    def labels(self) -> Any:
        """The label of every sample, told without its picture."""
        return labels_of(self.source)

    def location(self, index: int) -> tuple[Path, str] | None:
        """Where a sample lies, where the source tells it."""
        inner = getattr(self.source, "location", None)
        return None if inner is None else inner(index)
