"""Which of the boxes found are taken: those that score enough and lie on nothing better, the best few of a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from sightline.data.boxes import box_iou
from sightline.weights.regions.detector import Found

OVERLAP = 0.5
"""IoU above which the box of the lesser score goes, whatever it is called; ours"""
MOST = 8
"""boxes of a picture; ours"""
SMALLEST = 1.0
"""pixels of a side"""


@dataclass(frozen=True)
class Rule:
    """What is taken."""

    least: float
    """the least score"""
    overlap: float = OVERLAP
    most: int = MOST

    def __post_init__(self) -> None:
        if not isfinite(self.least):
            raise ValueError(f"least={self.least}: expected the score from which a box is taken")
        if not 0 <= self.overlap <= 1:
            raise ValueError(f"overlap={self.overlap}: expected an IoU, between 0 and 1")
        if self.most < 1:
            raise ValueError(f"most={self.most}: expected the boxes of a picture, at least 1")


@dataclass(frozen=True)
class Region:
    """A box and what it is called."""

    words: str
    box: tuple[float, float, float, float]
    """x, y, width, height in pixels of the picture, within it"""
    score: float


def chosen(phrases: Sequence[str], found: Sequence[Found], size: tuple[int, int], rule: Rule) -> list[Region]:
    """The regions of a picture of `size` (width, height), the best first.

    Boxes are cut at the picture's edges; those of less than `SMALLEST` then, and what is no number, are none. Greedy
    non-maximum suppression over all phrases together, so that one place has one name; of equal scores the phrase that
    comes first wins.
    """
    boxes = np.concatenate([np.zeros((0, 4)), *(part.boxes for part in found)]).astype(np.float64)
    scores = np.concatenate([np.zeros(0), *(part.scores for part in found)]).astype(np.float64)
    named = np.repeat(np.arange(len(found)), [len(part.scores) for part in found])
    low = np.clip(boxes[:, :2], 0, size)
    boxes = np.concatenate([low, np.clip(boxes[:, :2] + boxes[:, 2:], 0, size) - low], axis=1)
    sound = np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] >= SMALLEST).all(axis=1) & (scores >= rule.least)
    left = [at for at in np.argsort(-scores, kind="stable").tolist() if sound[at]]
    taken: list[int] = []
    while left and len(taken) < rule.most:
        best, *left = left
        taken.append(best)
        overlaps = box_iou(boxes[best], boxes[left])
        left = [at for at, overlap in zip(left, overlaps.tolist(), strict=True) if overlap <= rule.overlap]
    return [Region(phrases[int(named[at])], tuple(boxes[at].tolist()), float(scores[at])) for at in taken]


def best_score(found: Sequence[Found]) -> float | None:
    """The highest score of all; None where there is no box."""
    return max((float(part.scores.max()) for part in found if len(part.scores)), default=None)
