"""An encoder as a detector of words: one place of each phrase, by its decoder, or by its patches nearest to them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL.Image import Image

from sightline.data.prepare.seen import inside
from sightline.weights.capabilities.locates import Place
from sightline.weights.regions.detector import Found
from sightline.weights.regions.heat import EQUAL
from sightline.weights.regions.where import check_finds, shown, where

DECODED = 0.1
"""a decoder's least score; ours: each of the four edges at 0.56 on average"""
PEAK = 2.0
"""a heat map's least score; ours. On 150 level-1 scenes, by CLIP and SigLIP of 6 x 6 patches, half of the maps have
less, and the height of the peak told right boxes from wrong ones (AUC 0.79, 0.74) better than the cosine (0.65, 0.67),
its distance to the mean (0.59, 0.66), or other words at the same patch (0.65, 0.71)"""


NOWHERE = Found(np.zeros((0, 4)), np.zeros(0))


class ByEncoder:
    """An encoder asked for one place of each phrase (`where`): by its decoder, or by its patches.

    The score of a place is the chance that the decoder gave it; by patches, where no cosine means the same to two
    encoders, the height of the heat map's peak: (its maximum - its mean) / its deviation, over the cells that lie on
    the picture. ValueError for an encoder that can do neither.
    """

    def __init__(self, encoder: Any) -> None:
        self.encoder, self.name, self.identity = encoder, encoder.name, encoder.identity
        self.decodes = "locates" in encoder.capabilities
        self.least = DECODED if self.decodes else PEAK
        check_finds(encoder)

    def detect(self, picture: Image, phrases: Sequence[str]) -> list[Found]:
        """A box of each phrase, or none where its place has none, or the decoder reads no text so long."""
        part = shown(self.encoder, picture)
        side = np.array([picture.width, picture.height] * 2, np.float64)
        long = self.encoder.tokenizer.cut(list(phrases)) if self.decodes else [False] * len(phrases)
        asked = [words for words, over in zip(phrases, long, strict=True) if not over]
        places = iter(where(self.encoder, picture, asked) if asked else [])
        return [NOWHERE if over else self._found(next(places), part, side) for over in long]

    def _found(self, place: Place, part: Any, side: np.ndarray) -> Found:
        if place.box is None:
            return NOWHERE
        score = place.score if self.decodes else peak(place.heat[inside(part, place.heat.shape)])
        return Found(np.array([place.box]) * side, np.array([score]))


def peak(cells: np.ndarray) -> float:
    """(maximum - mean) / deviation of the values of some cells; 0 where they are all alike.

    >>> peak(np.array([0.0, 0.0, 0.0, 1.0])).__round__(3), peak(np.array([2.0, 2.0]))
    (1.732, 0.0)
    """
    cells = cells.astype(np.float64)
    deviation = cells.std() if cells.size else 0.0
    return float((cells.max() - cells.mean()) / deviation) if deviation > EQUAL else 0.0
