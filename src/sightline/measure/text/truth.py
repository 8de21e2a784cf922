"""Statements that are true of some pictures and false of others (as in NLVR, Suhr et al. 2017): which is which?"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.measure.finding import Finding, MeanOf
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite
from sightline.measure.text.credit import meanings, paired
from sightline.measure.text.words import is_truth, statements


def truth(suite: Suite) -> Measurement | Absent:
    if not is_truth(suite.test):
        reason = "no statement stands beside pictures it is true of (label 1) and others it is false of (label 0)"
        return Absent("text", "truth", suite.name, reason)
    return Measurement("text", "truth", suite.name, Truth(suite.test, suite.name).ask)


@dataclass(frozen=True, eq=False)
class Truth:
    """Every statement with each pair of a picture it is true of and one it is false of."""

    shelf: Shelf
    suite: str

    @cached_property
    def told(self) -> dict[str, tuple[list[int], list[int]]]:
        return statements(self.shelf)

    @cached_property
    def texts(self) -> Texts:
        return Texts(list(self.told), meanings(list(self.told)))

    @cached_property
    def pictures(self) -> Pictures:
        """What a perfect encoder sees: the statement where it is true, something else where it is false."""
        seen = [
            text if sample.label == 1 else f"not: {text}"
            for text, sample in zip(self.shelf.captions, self.shelf.samples, strict=True)
        ]
        return self.shelf.pictures.told(vectors=meanings(seen))

    def ask(self, subject: Subject) -> list[Finding]:
        """How often the picture a statement is true of is nearer to it; a mean over statements, ties one half."""
        vectors, texts = subject.vectors(self.pictures), subject.texts(self.texts)
        shares = []
        for text, (true, false) in zip(texts, self.told.values(), strict=True):
            near = paired(vectors[[*true, *false]], np.repeat(text[None], len(true) + len(false), axis=0))
            difference = near[: len(true), None] - near[None, len(true) :]
            shares.append(float(((difference > 0) + 0.5 * (difference == 0)).mean()))
        return [
            Finding(
                metric="truth of statements",
                statistic=MeanOf(np.array(shares)),
                chance=0.5,
                chance_kind="analytic",
                bound=1.0,
                bound_kind="labels",
                items=f"statements of {self.suite}",
                protocol={
                    "statements": len(self.told),
                    "pairs": sum(len(a) * len(b) for a, b in self.told.values()),
                    "asked": "of one statement, a picture it is true of above one it is false of; ties one half",
                },
            )
        ]
