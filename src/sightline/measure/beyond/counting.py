"""How many equal things are there, 1 to 8: by words of number, and by a linear probe.

Size is drawn apart from number, so that the amount of ink does not tell it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.data.draw import uniform
from sightline.measure.beyond.drawn import INKS, NAMES, SEED, SIDE, picture, thing
from sightline.measure.beyond.told import share
from sightline.measure.finding import Finding
from sightline.measure.graphics.cosine import cosines, units
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.subject.subject import Subject
from sightline.probes.linear import LinearProbe

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight")
CELLS = 9
SIZES = (14, 24)
"""pixels of the longer side, least and most"""
KINDS = NAMES[:4]
RIDGE = 1e-2


@dataclass(frozen=True, eq=False)
class Counting:
    """`each` pictures of every number are asked about, `fitted` others of every number teach the probe."""

    each: int
    fitted: int

    @cached_property
    def asked(self) -> Pictures:
        return _pictures(self.each, "asked")

    @cached_property
    def known(self) -> Pictures:
        return _pictures(self.fitted, "known")

    @cached_property
    def truth(self) -> np.ndarray:
        return np.repeat(np.arange(len(NUMBERS)), self.each)

    def probe(self, subject: Subject) -> Sequence[Finding]:
        numbers = np.repeat(np.arange(len(NUMBERS)), self.fitted)
        fitted = LinearProbe(RIDGE).fit(units(subject.vectors(self.known)), numbers)
        read = fitted.predict(units(subject.vectors(self.asked)))
        common = {"items": "counted", "protocol": {"numbers": 8, "fitted on": len(numbers)}}
        return [
            share("counting: linear", (read == self.truth).astype(float), 1 / 8, **common),
            share(
                "counting: linear, at most one off", (np.abs(read - self.truth) <= 1).astype(float), 22 / 64, **common
            ),
        ]

    def words(self, subject: Subject) -> Sequence[Finding]:
        """Zero-shot: of "one heart ..." to "eight hearts ..." the one nearest to the picture, where equals share."""
        said = [
            f"{number} {name}{'' if number == 'one' else 's'} on a white background"
            for name in KINDS
            for number in NUMBERS
        ]
        texts = units(subject.texts(Texts(said, ideal=np.tile(np.eye(len(NUMBERS)), (len(KINDS), 1)))))
        near = cosines(units(subject.vectors(self.asked)), texts).reshape(-1, len(KINDS), len(NUMBERS))
        kinds = np.tile(np.arange(self.each) % len(KINDS), len(NUMBERS))
        own = near[np.arange(len(near)), kinds]
        best = own == own.max(1, keepdims=True)
        right = best[np.arange(len(own)), self.truth] / best.sum(1)
        return [share("counting: words", right, 1 / 8, "counted", protocol={"words": said[2]})]


def _pictures(each: int, side: str) -> Pictures:
    made = [counted(number, each * number + k, k, side) for number in range(1, len(NUMBERS) + 1) for k in range(each)]
    return Pictures(made).told(vectors=np.repeat(np.eye(len(NUMBERS)), each, axis=0))


def counted(number: int, index: int, kind: int, side: str) -> np.ndarray:
    """`number` equal things, each in a ninth of its own, none touching another."""
    draws = uniform(SEED, 0, np.array([index]), f"counting {side}", 2 + 3 * CELLS)[0]
    longer = round(SIZES[0] + draws[0] * (SIZES[1] - SIZES[0]))
    colour = INKS[int(draws[1] * len(INKS))]
    cells = np.argsort(draws[2 : 2 + CELLS], kind="stable")[:number]
    free = (SIDE / 3 - longer - 2) / 2
    shift = (2 * draws[2 + CELLS :].reshape(CELLS, 2) - 1) * free
    middles = [((c % 3 + 0.5) * SIDE / 3 + shift[c, 0], (c // 3 + 0.5) * SIDE / 3 + shift[c, 1]) for c in cells]
    return picture(*(thing(KINDS[kind % len(KINDS)], colour, longer, middle) for middle in middles))
