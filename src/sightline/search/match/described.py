"""What matching compares: places of a picture, and a vector of what is at each."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from sightline.data.array import unit

LEAST_TOLERANCE = 1.5
"""pixels: what a detector that is right to the pixel may miss by"""


@dataclass(frozen=True, eq=False)
class Described:
    """Places of one picture with a vector each.

    Places are in pixels of the upright picture as it was given, x to the right and y down from its upper left corner:
    the middle of the first pixel is (0.5, 0.5), as in COLMAP (OpenCV calls that middle (0, 0)).
    """

    points: np.ndarray
    """(n, 2) float32 x, y"""
    vectors: np.ndarray
    """(n, d) float32 of length 1"""
    size: tuple[int, int]
    """width and height of the picture"""
    pitch: float
    """pixels between neighbouring places of a grid; 0 of places that a detector chose"""

    def __len__(self) -> int:
        return len(self.points)

    @property
    def tolerance(self) -> float:
        """Pixels by which a right match may miss: half the pitch, since a place stands for all of its patch."""
        return max(LEAST_TOLERANCE, self.pitch / 2)


class Describer(Protocol):
    """What says what is where in pictures."""

    name: str
    notes: tuple[str, ...]
    """what there is to say of how it describes"""

    def __call__(self, picture: Image.Image) -> Described:
        """The places of an upright RGB picture."""
        ...

    def whole(self, picture: Image.Image) -> np.ndarray | None:
        """(e,) a unit vector of the whole picture, near to those of pictures like it; None where there is none."""
        ...


def described(points: np.ndarray, vectors: np.ndarray, size: tuple[int, int], pitch: float) -> Described:
    """Places (n, 2) with vectors (n, d) of any length, less those of length 0: of a flat patch nothing can be told."""
    kept = np.linalg.norm(vectors, axis=1) > 1e-6
    return Described(points[kept].astype(np.float32), unit(vectors[kept]), size, pitch)


def pitch_of(size: tuple[int, int], count: int) -> float:
    """Pixels between places of a grid of which `count` cover a picture of `size`: sqrt(W H / n)."""
    return (size[0] * size[1] / count) ** 0.5
