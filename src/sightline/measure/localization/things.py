"""Things with words and places: what a phrase of a picture points to. Scenes, categories of objects, told phrases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sightline.data.feed.regions import called
from sightline.data.scenes.caption import noun
from sightline.measure.localization.classes import SCENES
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.places import Board, View, boards, scenes, spread, unit
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.shelf import square_boxes, square_mask
from sightline.measure.suite.suite import Suite

LEVEL = 1
FINE = (24, 24)
"""cells of the perfect patches"""
SMALLEST = 1 / 16
"""of a side: shorter things are left out"""
PER_PICTURE = 6
"""things of one picture at most, the largest"""
TEMPLATES = ("{}", "a {}", "a photo of a {}")
"""how a class of a source is said; the mean of their unit vectors is its vector"""


@dataclass(frozen=True, eq=False)
class Thing:
    """One thing, or several of one picture that the same words fit."""

    picture: int
    words: str
    area: np.ndarray
    """bool (s, s): its visible pixels, or its boxes where no mask tells more"""
    boxes: np.ndarray
    """(k, 4) x, y, width, height in pixels of the plane"""
    phrase: str = ""
    """how the source refers to it, where that is otherwise"""


@dataclass(frozen=True, eq=False)
class Things:
    """Pictures, and the things in them by words; `phrases` are all distinct words in order."""

    board: Board
    things: list[Thing]
    templates: tuple[str, ...]

    @cached_property
    def phrases(self) -> list[str]:
        return sorted({thing.words for thing in self.things})

    @cached_property
    def numbers(self) -> np.ndarray:
        """The phrase of each thing."""
        place = {words: at for at, words in enumerate(self.phrases)}
        return np.array([place[thing.words] for thing in self.things])

    @cached_property
    def pictures(self) -> np.ndarray:
        return np.array([thing.picture for thing in self.things])

    @cached_property
    def told(self) -> Pictures:
        """The pictures, with the phrase of every cell for perfect patches, and nothing where no thing is."""
        k, side = len(self.phrases), self.board.side
        planes = [np.full((side, side), k) for _ in range(len(self.board))]
        for thing, number in sorted(zip(self.things, self.numbers, strict=True), key=lambda p: -int(p[0].area.sum())):
            planes[thing.picture][thing.area] = number
        one_hot = np.concatenate([np.eye(k, dtype=np.uint8), np.zeros((1, k), np.uint8)])
        return self.board.pictures.told(patches=spread(FINE, planes, one_hot))

    def patches(self, subject: Subject) -> tuple[np.ndarray, View]:
        """Unit patches (n, gy, gx, e) and where they lie."""
        found = subject.patches(self.told)
        return unit(found), View.of(subject, self.board.side, found)

    def texts(self, subject: Subject) -> np.ndarray:
        """Unit vectors (phrases, e)."""
        return said(subject, self.phrases, self.templates, np.eye(len(self.phrases), dtype=np.uint8))


def said(subject: Subject, names: Sequence[str], templates: Sequence[str], ideal: np.ndarray) -> np.ndarray:
    """Unit vectors (names, e): the mean over templates of the unit vectors of texts."""
    texts = [template.format(name) for name in names for template in templates]
    found = unit(subject.texts(Texts(texts, np.repeat(ideal, len(templates), axis=0))))
    return unit(found.reshape(len(names), len(templates), -1).mean(axis=1))


def things(suite: Suite) -> Things | str:
    """What a suite says of the places of its pictures, or why nothing can be asked."""
    if suite.kind == "scenes":
        board = scenes(suite, LEVEL, suite.n(*SCENES[0]))
        found = [thing for at, sample in enumerate(board.shelf.samples) for thing in _drawn(at, sample)]
        return Things(board, found, ("{}",))
    board, _ = boards(suite)
    planes = board.planes(square_mask, "mask")
    found = [thing for at, plane in enumerate(planes) for thing in _told(board, at, plane)]
    if not found:
        return "no picture has boxes with words (phrases, or objects with a category)"
    if len({thing.words for thing in found}) < 2:
        return f"all things in the pictures are called alike: {found[0].words}"
    return Things(board, found, TEMPLATES)


def _drawn(at: int, sample: Any) -> list[Thing]:
    """The things of a scene, called as captions call them."""
    elements = sample.extra["scene"].elements
    named = [(noun(e), sample.mask == number, [e.box]) for number, e in enumerate(elements, start=1)]
    by_box = {tuple(box): words for words, box in sample.extra["phrases"]}
    found = _merged(at, named, sample.mask.shape[0])
    return [replace(thing, phrase=by_box[tuple(thing.boxes[0])]) if len(thing.boxes) == 1 else thing for thing in found]


def _told(board: Board, at: int, plane: np.ndarray | None) -> list[Thing]:
    sample, side = board.shelf.samples[at], board.side
    objects, names = sample.extra.get("objects"), called(sample)
    if sample.boxes is None or not len(sample.boxes) or len(names) != len(sample.boxes):
        return []
    boxes = square_boxes(sample, side)
    numbers = [thing.get("mask_value") for thing in objects] if isinstance(objects, list) else [None] * len(boxes)
    made = []
    for words, box, number in zip(names, boxes, numbers, strict=True):
        area = _inside(box, side) if plane is None or number is None else plane == number
        if words and min(box[2:]) >= SMALLEST * side and area.any():
            made.append((words, area, [box]))
    return _merged(at, made, side)


def _merged(at: int, named: Sequence[tuple[str, np.ndarray, list[Any]]], side: int) -> list[Thing]:
    """One thing for equal words, the largest ones."""
    groups: dict[str, Thing] = {}
    for words, area, boxes in named:
        known = groups.get(words)
        found = np.asarray(boxes, np.float64).reshape(-1, 4)
        groups[words] = (
            Thing(at, words, area, found)
            if known is None
            else Thing(at, words, known.area | area, np.concatenate([known.boxes, found]))
        )
    return sorted(groups.values(), key=lambda thing: (-int(thing.area.sum()), thing.words))[:PER_PICTURE]


def _inside(box: np.ndarray, side: int) -> np.ndarray:
    plane = np.zeros((side, side), bool)
    x, y, w, h = box
    plane[max(0, round(y)) : round(y + h), max(0, round(x)) : round(x + w)] = True
    return plane
