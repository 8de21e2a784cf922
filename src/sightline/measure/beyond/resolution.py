"""How few pixels do: pictures reduced and enlarged again find themselves at full size."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from sightline.measure.beyond.told import share
from sightline.measure.finding import Finding
from sightline.measure.graphics.cosine import cosines, first, units
from sightline.measure.pictures import Pictures
from sightline.measure.subject.subject import Subject

SIDE = 96
LEVELS = (16, 24, 32, 48, 64)
"""pixels of a side that are left; 96 are those of the whole"""


@dataclass(frozen=True, eq=False)
class Resolution:
    """Retrieval of each whole picture among all of them, by what is left of it at every resolution."""

    whole: Sequence[np.ndarray]
    """uint8 (96, 96, 3)"""
    levels: tuple[int, ...] = LEVELS

    @cached_property
    def pictures(self) -> Pictures:
        """The whole ones, then those of every level."""
        made = [*self.whole, *(reduced(picture, level) for level in self.levels for picture in self.whole)]
        return Pictures(made).told(vectors=np.tile(np.eye(len(self.whole)), (1 + len(self.levels), 1)))

    def __call__(self, subject: Subject) -> Sequence[Finding]:
        n = len(self.whole)
        rows = units(subject.vectors(self.pictures)).reshape(1 + len(self.levels), n, -1)
        off = ~np.eye(n, dtype=bool)
        found = []
        for level, few in zip(self.levels, rows[1:], strict=True):
            square = cosines(few, rows[0])
            hits = first(np.diag(square), square[off].reshape(n, n - 1))
            found.append(
                share(f"at {level} px: R@1", hits, 1 / n, "reduced pictures", protocol={"pictures": n, "whole": SIDE})
            )
        return found


def reduced(picture: np.ndarray, level: int) -> np.ndarray:
    """The picture with `level` pixels a side, enlarged to its own size; uint8."""
    side = (picture.shape[1], picture.shape[0])
    few = Image.fromarray(picture).resize((level, level), Image.Resampling.BICUBIC)
    return np.asarray(few.resize(side, Image.Resampling.BICUBIC))
