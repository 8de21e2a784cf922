"""What is measured on: `scenes` and `icons`, which are built in, or any SRC. A property's room asks it for samples."""

from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from sightline.measure.suite.shelf import Shelf

Kind = Literal["scenes", "icons", "source"]
SCENE_SIDE = 96
"""pixels of a side of the scenes that are measured on"""
SCENES, DESIGNS, CLOSEUPS = (500, 100), (300, 50), (500, 100)
"""scenes of level 1, which are the suite's `test`, designs, and close-ups, which are its `whole`; full and quick"""
SEED = 16_001
"""of the scenes that are measured on: no recipe trains on them"""


@dataclass(eq=False)
class Suite:
    """Samples to be measured on (`test`), and others to remember or to fit a probe on (`memory`).

    `memory` shares no picture and no name with `test`; None where there is nothing to fit on.
    """

    name: str
    kind: Kind
    test: Shelf
    memory: Shelf | None = None
    quick: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def designs(self) -> Shelf:
        """Scenes of level 4, of the suite `scenes`: for every room the same."""
        return self.drawn(4, DESIGNS[self.quick])

    @property
    def whole(self) -> Shelf:
        """Pictures that are asked what they show and what they are like: close-ups of `scenes`, else `test`."""
        return self.closeups(CLOSEUPS[self.quick]) if self.kind == "scenes" else self.test

    def closeups(self, n: int, split: str = "test") -> Shelf:
        """The first `n` close-ups of one thing, the same for the same question. Only of the suite `scenes`."""
        self._draws()
        return closeups(n, split, SEED)

    def grounds(self, n: int, split: str = "test") -> Shelf:
        """The first `n` pictures of several grounds with a thing on them. Only of the suite `scenes`."""
        self._draws()
        return grounds(n, split, SEED)

    def _draws(self) -> None:
        if self.kind != "scenes":
            raise ValueError(f"{self.name} draws no scenes")

    def n(self, full: int, quick: int) -> int:
        """How many of something, by how long may be spent."""
        return quick if self.quick else full

    def drawn(self, level: int, n: int, split: str = "test", seed: int = SEED) -> Shelf:
        """The first `n` scenes of a level, with everything that is known of them (`sample.extra["scene"]`, ...).

        Only of the suite `scenes`. The same shelf for the same question, so that an encoder embeds it once; ask for
        fewer by `shelf.part(range(k))` of the largest.
        """
        self._draws()
        return drawn(level, n, split, seed)


@cache
def closeups(n: int, split: str, seed: int) -> Shelf:
    from sightline.measure.suite.closeup import closeup

    return Shelf([closeup(SCENE_SIDE, split, seed, i) for i in range(n)], "close-ups", domain="background.kind")


@cache
def grounds(n: int, split: str, seed: int) -> Shelf:
    from sightline.measure.suite.grounds import ground

    return Shelf([ground(SCENE_SIDE, split, seed, i) for i in range(n)], "grounds")


@cache
def drawn(level: int, n: int, split: str, seed: int) -> Shelf:
    from sightline.data.scenes import Scenes

    source = Scenes(level=level, n=n, seed=seed, split=split, size=SCENE_SIDE)
    return Shelf([source[i] for i in range(n)], source.name, domain="style" if level == 4 else "background.kind")
