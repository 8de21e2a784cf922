"""Whether a source says where things are: boxes that lie in their pictures, with words that tell them apart.

What a method that learns places (`regions` of the batch) is refused for before the first step, and what is only said.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sightline.data.decode.guard import guarded
from sightline.data.decode.target import extent
from sightline.data.feed.regions import called, referring
from sightline.data.sample import BadSample, Sample
from sightline.train.checks import NEAREST
from sightline.train.vocabulary import some

LOOKED = 512
"""samples that are looked at"""
BEYOND = 1.0
"""pixels that a box may stand out of its picture: those of rounding"""
STRAY = 0.01
"""share of the boxes that may be wrong: those are left out and counted; more say that boxes are meant otherwise"""
INSTEAD = NEAREST["boxes"][0].upper() + NEAREST["boxes"][1:]


@dataclass
class Looked:
    """What was found in the samples looked at."""

    pictures: int = 0
    with_boxes: int = 0
    boxes: int = 0
    wrong: int = 0
    first: str = ""
    """of the wrong ones, in words"""
    words: set[str] = field(default_factory=set)
    searched: int = 0
    """pictures with a box that words alone find"""


def look(source: Any, seed: int) -> Looked:
    """Up to LOOKED samples of the source; those that cannot be read are left to the loader."""
    found = Looked()
    for sample in some(source, seed, LOOKED):
        found.pictures += 1
        if sample.boxes is None or not len(sample.boxes):
            continue
        found.with_boxes += 1
        found.boxes += len(sample.boxes)
        words = called(sample)
        found.words |= {*words} - {""}
        found.searched += bool(len(words) == len(sample.boxes) and referring(words))
        wrong = _wrong(sample)
        found.first = found.first or next(iter(wrong), "")
        found.wrong += len(wrong)
    return found


def why_unlocatable(name: str, source: str, found: Looked) -> str:
    """Returns why recipe `name` cannot learn places from `source`; "" where it can."""
    if not found.pictures:
        return ""  # nothing could be read: the loader says why
    learns = f"{name} learns where things are, and"
    if not found.with_boxes:
        return f"{learns} none of the {found.pictures} pictures looked at in {source} has a box. {INSTEAD}"
    if found.wrong > STRAY * found.boxes:
        return (
            f"{learns} {found.wrong} of the {found.boxes} boxes looked at in {source} are none: {found.first}. A box "
            f"is x, y, width, height in pixels of its picture. Mend them, or leave them out. {INSTEAD}"
        )
    if not found.words:
        return (
            f"{learns} the boxes of {source} have no words: a sample's extra has `phrases`, (words, box) for each box "
            f"in order, or `objects` with a name or category each. {INSTEAD}"
        )
    if len(found.words) == 1 or not found.searched:
        (one, *_) = sorted(found.words)
        return f"{learns} words tell no box of a picture in {source} from another: they are called {one!r}. {INSTEAD}"
    return ""


def notes(source: str, found: Looked) -> list[str]:
    """Returns what to say before the first step: boxes that are left out, pictures without any."""
    said = []
    if found.wrong:
        said.append(
            f"{found.wrong} of the {found.boxes} boxes looked at in {source} are left out, as they are none (the "
            f"first: {found.first})"
        )
    if lacking := found.pictures - found.searched:
        said.append(
            f"{lacking} of the {found.pictures} pictures looked at in {source} have no box that words alone find: no "
            "place is searched for in them"
        )
    return said


def _wrong(sample: Sample) -> list[str]:
    """In words, the boxes of a sample that are empty or stand out of it."""
    boxes = np.asarray(sample.boxes, np.float64).reshape(-1, 4)
    ends = boxes[:, :2] + boxes[:, 2:]
    bad = ~np.isfinite(boxes).all(1) | (boxes[:, 2:] <= 0).any(1)
    at = ""
    try:
        with guarded():
            height, width = extent(sample.image)
        bad |= (boxes[:, :2] < -BEYOND).any(1) | (ends > np.array([width, height]) + BEYOND).any(1)
        at = f" in {width} x {height}"
    except BadSample:
        pass  # a drawing has no pixels of its own
    return [f"{sample.key} has {', '.join(f'{edge:g}' for edge in box)}{at}" for box in boxes[bad]]
