"""The scenes that questions of this room are about, and their edits, as one row of pictures embedded once."""

from dataclasses import dataclass
from functools import cached_property

from sightline.data.scenes import hard_negatives
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite
from sightline.measure.text.asked import Gallery
from sightline.measure.text.edits import CHANGES, SWAPS, Edit, drawn_after, edits
from sightline.measure.text.questions import Question, orders, shuffled

NEGATIVES = {"attribute": "swap_colours", "relation": "swap_sides"}
"""kind of question: the hard negative of a scene that it asks of"""
SHUFFLED = "shuffled words"


@dataclass(frozen=True, eq=False)
class Pairs:
    """Scenes of levels 1 and 4 as they are, and edits of them."""

    suite: Suite

    @cached_property
    def shelves(self) -> dict[int, Shelf]:
        return {1: self.suite.test, 4: self.suite.designs}

    @cached_property
    def edits(self) -> dict[str, list[Edit]]:
        most = self.suite.n(100, 14)
        return {kind: edits(kind, self.shelves[level], most) for kind, (level, _, _) in CHANGES.items()}

    @cached_property
    def gallery(self) -> Gallery:
        """Every shelf, then the edited scenes in the order of `edits`."""
        made = Gallery()
        for shelf in self.shelves.values():
            made.add(shelf.pictures, shelf.captions)
        after = drawn_after([edit for some in self.edits.values() for edit in some])
        made.add(after, after.captions or [])
        return made

    @cached_property
    def starts(self) -> dict[int, int]:
        """The row of each shelf's first picture."""
        starts, at = {}, 0
        for level, shelf in self.shelves.items():
            starts[level] = at
            at += len(shelf)
        return starts

    @cached_property
    def rows(self) -> dict[str, list[tuple[int, int]]]:
        """The rows of the pictures before and after each edit."""
        at, made = sum(map(len, self.shelves.values())), {}
        for kind, some in self.edits.items():
            start = self.starts[CHANGES[kind][0]]
            made[kind] = [(start + edit.at, at + k) for k, edit in enumerate(some)]
            at += len(some)
        return made

    @cached_property
    def questions(self) -> list[Question]:
        """Of every kind. What changes more than the order of words is asked of both pictures of a pair, so that each
        caption is right as often as it is false, and words alone tell nothing."""
        made: list[Question] = []
        for level, shelf in self.shelves.items():
            start = self.starts[level]
            for k, sample in enumerate(shelf.samples):
                for kind, name in NEGATIVES.items():
                    false = hard_negatives(sample.extra["scene"], name)
                    if false is not None:
                        made.append(Question(kind, start + k, (shelf.captions[k], false), sample.key))
        for kind, some in self.edits.items():
            if kind in SWAPS:
                continue
            for edit, (before, after) in zip(some, self.rows[kind], strict=True):
                one, other = edit.captions
                family = f"{kind} {edit.at}"
                made += [Question(kind, before, (one, other), family), Question(kind, after, (other, one), family)]
        for k, sample in enumerate(self.shelves[4].samples):
            candidates = orders(sample.extra["scene"], sample.key)
            if candidates is not None:
                made.append(Question("order", self.starts[4] + k, candidates, sample.key))
        for k, sample in enumerate(self.shelves[1].samples[: self.suite.n(200, 40)]):
            candidates = shuffled(self.shelves[1].captions[k], sample.key)
            if candidates is not None:
                made.append(Question(SHUFFLED, self.starts[1] + k, candidates, sample.key))
        return made

    @cached_property
    def corpus(self) -> list[str]:
        """The true captions of all scenes, edited ones among them."""
        after = [edit.captions[1] for some in self.edits.values() for edit in some]
        return [*(text for shelf in self.shelves.values() for text in shelf.captions), *after]
