"""What is measured on: `scenes` and `icons`, which are built in, or any SRC. A property's room asks it for samples."""

from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from sightline.measure.suite.shelf import Shelf

Kind = Literal["scenes", "icons", "source"]
SCENE_SIDE = 96
"""pixels of a side of the scenes that are measured on"""
SCENES, DESIGNS = (500, 100), (300, 50)
"""scenes of level 1, which are the suite's `test`, and designs; full and quick"""
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

    def n(self, full: int, quick: int) -> int:
        """How many of something, by how long may be spent."""
        return quick if self.quick else full

    def drawn(self, level: int, n: int, split: str = "test", seed: int = SEED) -> Shelf:
        """The first `n` scenes of a level, with everything that is known of them (`sample.extra["scene"]`, ...).

        Only of the suite `scenes`. The same shelf for the same question, so that an encoder embeds it once; ask for
        fewer by `shelf.part(range(k))` of the largest.
        """
        if self.kind != "scenes":
            raise ValueError(f"{self.name} draws no scenes")
        return drawn(level, n, split, seed)


@cache
def drawn(level: int, n: int, split: str, seed: int) -> Shelf:
    from sightline.data.scenes import Scenes

    source = Scenes(level=level, n=n, seed=seed, split=split, size=SCENE_SIDE)
    return Shelf([source[i] for i in range(n)], source.name, domain="style" if level == 4 else "background.kind")
