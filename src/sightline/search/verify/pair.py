"""What verification asks about: pairs of pictures by number, whether they show the same, and the fold of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from sightline.data.sample import Sample, Source


@dataclass(frozen=True)
class Pairs:
    """Pairs of the pictures of `source`."""

    source: Source
    left: np.ndarray
    """(n,) positions in the source"""
    right: np.ndarray
    """(n,)"""
    same: np.ndarray
    """(n,) bool"""
    fold: np.ndarray | None
    """(n,) its number; None where nobody has dealt them"""
    apart: bool | None = None
    """whether no class stands in two folds; None where classes are not known"""
    lone: int = 0
    """classes with one picture, which give no pair of the same"""
    missing: tuple[str, ...] = field(default=())
    """pictures named in a file of pairs that are not there; their pairs are left out"""
    lost: int = 0
    """pairs left out for them"""

    def __len__(self) -> int:
        return len(self.same)


class Pictures:
    """A source of picture files, in the order given; the key of each is its path as named."""

    has, classes = frozenset({"image"}), ()

    def __init__(self, name: str, files: dict[str, Path]) -> None:
        self.name, self.named, self.files = name, list(files), list(files.values())

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Sample:
        return Sample(key=self.named[index], image=self.files[index])


class Numbered:
    """The samples `places` of a source, each called by its place, so that its vector is found again by it."""

    def __init__(self, source: Source, places: Sequence[int] | np.ndarray) -> None:
        self.source, self.places = source, [int(place) for place in places]
        self.name, self.has, self.classes = source.name, source.has, source.classes
        self.called: dict[str, str] = {}
        """the key in the source of each that was read"""

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Sample:
        place = self.places[index]
        sample = self.source[place]
        self.called[str(place)] = sample.key
        return replace(sample, key=str(place))
