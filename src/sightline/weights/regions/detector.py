"""What finds words in pictures: a name, a score of its own scale, and boxes for each of some phrases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class Found:
    """Where a phrase is in a picture."""

    boxes: np.ndarray
    """(k, 4) x, y, width, height in pixels of the picture; may reach beyond it"""
    scores: np.ndarray
    """(k,)"""


@runtime_checkable
class Detector(Protocol):
    """Finds words in a picture."""

    name: str
    identity: str
    """names weights and rules together; "" where nothing does, so that what is found is not kept"""
    least: float
    """the score from which its boxes are taken where nobody says otherwise"""

    def detect(self, picture: Image, phrases: Sequence[str]) -> list[Found]:
        """Boxes and scores, which may be of any order and number, for each of the phrases (at least one) in a picture,
        RGB or RGBA."""
        ...
