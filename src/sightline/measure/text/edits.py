"""Pairs of scenes one small edit apart, each with the caption that is true of it and false of the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sightline.data.draw import seed_of
from sightline.data.scenes import Scene, edited, factor, given, neighbours
from sightline.data.scenes.caption import caption
from sightline.data.scenes.parts import picture
from sightline.data.scenes.relations import SIDES, relation
from sightline.measure.pictures import Pictures
from sightline.measure.suite.shelf import Shelf

TRIES = 12
"""values tried of a factor, in an order drawn for the scene"""


@dataclass(frozen=True, eq=False)
class Edit:
    """The scene at place `at` of a shelf, and the same after a change of `kind`."""

    kind: str
    at: int
    before: Scene
    after: Scene

    @cached_property
    def captions(self) -> tuple[str, str]:
        """Of the scene before and after."""
        return caption(self.before), caption(self.after)

    @property
    def same_words(self) -> bool:
        one, other = (Counter(text.replace(",", "").split()) for text in self.captions)
        return one == other


def exchanged_colours(scene: Scene, at: int) -> Iterator[Scene]:
    """Two things exchange their colours; the words of the caption stay the same."""
    if len(scene.elements) == 2:
        one, other = scene.elements
        if one.colour != other.colour and one.name != other.name:
            yield replace(scene, elements=(one._replace(colour=other.colour), other._replace(colour=one.colour)))


def exchanged_sides(scene: Scene, at: int) -> Iterator[Scene]:
    """Two things exchange their places, middle for middle, where the opposite relation is then beyond doubt."""
    if len(scene.elements) != 2 or scene.clauses[0].relation not in SIDES:
        return
    one, other = scene.elements
    moved = (one._replace(box=_about(one.box, other.box)), other._replace(box=_about(other.box, one.box)))
    if any(min(e.box[:2]) < 0 or max(e.box[0] + e.box[2], e.box[1] + e.box[3]) > scene.side for e in moved):
        return
    clause = scene.clauses[0]
    if relation(moved, clause.subject, clause.object) == SIDES[clause.relation]:
        said = (clause._replace(subject=clause.object, object=clause.subject),)
        yield replace(scene, elements=moved, clauses=said)


def another_thing(scene: Scene, at: int) -> Iterator[Scene]:
    """One thing is another one."""
    objects = [k for k, e in enumerate(scene.elements, start=1) if e.kind in ("icon", "shape")]
    if objects:
        number = objects[_draw("object", at).integers(len(objects))]
        yield from _other(scene, f"object.{number}.name", at)


def another_value(scene: Scene, at: int) -> Iterator[Scene]:
    """A widget shows another value; of ratings, see `one_star`."""
    for name in given(scene):
        if name.startswith("widget.") and name != "widget.stars":
            yield from _other(scene, name, at)


def one_star(scene: Scene, at: int) -> Iterator[Scene]:
    """One star more, or one fewer."""
    if "widget.stars" in given(scene):
        yield from neighbours(scene, "widget.stars").values()


Change = Callable[[Scene, int], Iterator[Scene]]
SWAPS: dict[str, Change] = {"attribute": exchanged_colours, "relation": exchanged_sides}
"""of level 1, the words stay the same"""
CHANGES: dict[str, tuple[int, Change, int]] = {
    "attribute": (1, exchanged_colours, 1),
    "relation": (1, exchanged_sides, 1),
    "object": (1, another_thing, 1),
    "value": (4, another_value, 1),
    "count": (4, one_star, 2),
}
"""kind: level of the scenes, what changes, and how many edits of one scene at most"""


def edits(kind: str, shelf: Shelf, most: int) -> list[Edit]:
    """The first `most` edits of a kind that the scenes of a shelf allow, with captions that differ."""
    _, change, each = CHANGES[kind]
    found: list[Edit] = []
    for at, sample in enumerate(shelf.samples):
        scene, mine = sample.extra["scene"], 0
        for after in change(scene, at):
            made = Edit(kind, at, scene, after)
            if made.captions[0] != made.captions[1] and (kind not in SWAPS or made.same_words):
                found.append(made)
                mine += 1
            if mine == each:
                break
        if len(found) >= most:
            break
    return found[:most]


def drawn_after(found: Sequence[Edit]) -> Pictures:
    """The pictures after the edits, with their captions."""
    return Pictures([picture(edit.after) for edit in found], captions=[edit.captions[1] for edit in found])


def _other(scene: Scene, name: str, at: int) -> Iterator[Scene]:
    domain = [value for value in factor(scene.level, name).domain if value != given(scene)[name]]
    for k in _draw(name, at).permutation(len(domain))[:TRIES]:
        try:
            yield edited(scene, name, domain[k])
        except ValueError:
            continue  # this scene has no room for it


def _draw(*words: Any) -> np.random.Generator:
    return np.random.default_rng(seed_of("text edits", *words))


def _about(box: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """`box` with its middle where that of `other` is."""
    x, y, w, h = other
    return x + (w - box[2]) // 2, y + (h - box[3]) // 2, box[2], box[3]
