"""What is asked of an encoder beyond the five properties: number, letters, patches, resolution. Nothing is scored."""

from collections.abc import Iterator

import numpy as np

from sightline.measure.beyond.counting import Counting
from sightline.measure.beyond.phase import Phase
from sightline.measure.beyond.resolution import LEVELS, SIDE, Resolution
from sightline.measure.beyond.writing import HEIGHTS, SmallText, WrongWord
from sightline.measure.graphics.stock import Stock
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.suite.shelf import squared
from sightline.measure.suite.suite import Suite

COUNTED, FITTED = (15, 1), (20, 2)
"""pictures of every number, full and quick"""
ATTACKED = (60, 8)
WORDS, PLACES = (10, 4), (4, 2)
MOVED = (8, 3)
REDUCED = (36, 4)
LEAST = 4
"""pictures below which none is told from another"""
DRAWN = ("counting", "counting by words", "wrong word", "small text", "patch phase")


def tasks(suite: Suite) -> list[Measurement | Absent]:
    """The measurements this suite allows, and what it does not, with the reason."""
    found: list[Measurement | Absent] = [_resolution(suite)]
    if suite.kind != "scenes":
        reason = "its pictures are drawn for it; ask the suite scenes"
        return found + [Absent("beyond", name, suite.name, reason) for name in DRAWN]
    counting = Counting(suite.n(*COUNTED), suite.n(*FITTED))
    phase = Phase(suite.n(*MOVED), tuple(range(0, 17, suite.n(1, 3))))
    heights = HEIGHTS[:: suite.n(1, 2)]
    asked = (
        counting.probe,
        counting.words,
        WrongWord(suite.n(*ATTACKED)),
        SmallText(suite.n(*WORDS), suite.n(*PLACES), heights),
        phase,
    )
    return found + [Measurement("beyond", name, suite.name, ask) for name, ask in zip(DRAWN, asked, strict=True)]


def _resolution(suite: Suite) -> Measurement | Absent:
    """Different pictures of the suite in squares: of scenes, designs two by two with one meaning apart."""
    whole: dict[bytes, np.ndarray] = {}
    for made in _squares(suite):
        whole.setdefault(made.tobytes(), made)
        if len(whole) == suite.n(*REDUCED):
            break
    if len(whole) < LEAST:
        reason = f"{len(whole)} different pictures; at least {LEAST} are needed"
        return Absent("beyond", "resolution", suite.name, reason)
    return Measurement(
        "beyond", "resolution", suite.name, Resolution(list(whole.values()), LEVELS[:: suite.n(1, 2)][: suite.n(5, 2)])
    )


def _squares(suite: Suite) -> Iterator[np.ndarray]:
    if suite.kind == "scenes":
        yield from (design.layers().picture() for design in Stock.of(suite, suite.n(*REDUCED)).fitting["pixels"])
    else:
        yield from (squared(sample.image, SIDE) for sample in suite.test.samples)
