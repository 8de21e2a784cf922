"""The built-in source `grammars`: scenes said in English and in a made-up language, for systems that translate."""

from __future__ import annotations

from itertools import count

from sightline.data.draw import seed_of
from sightline.data.grammars import tongue
from sightline.data.sample import Sample
from sightline.data.scenes import caption, svg
from sightline.data.scenes.layout import compose
from sightline.data.scenes.scene import Scene

SPLITS = ("train", "test")
LEVELS = (1, 2)
"""of scenes; those above have values and texts, for which the made-up language has no words"""
HELD = 4
"""one sentence in so many is kept for the test split"""
SIDE = 96


class Grammars:
    """Random access to pairs of sentences: `source[i]` is a pure function of (level, seed, split, i).

    A sample carries the English caption of a scene, its `translation`, and the picture as SVG, drawn only where a
    method looks at it. Which split a sentence belongs to is decided by the sentence, so no sentence of one is in the
    other.
    """

    classes: tuple[str, ...] = ()
    has = frozenset({"image", "text", "translation"})

    def __init__(self, level: int = 1, n: int = 10_000, seed: int = 0, split: str = "train") -> None:
        if level not in LEVELS:
            raise ValueError(f"grammars have levels {' and '.join(map(str, LEVELS))}; got level={level!r}")
        if split not in SPLITS:
            raise ValueError(f"grammars have no split {split!r}; known: {', '.join(SPLITS)}")
        if n < 1:
            raise ValueError(f"n={n}: the number of pairs must be at least 1")
        self.level, self.n, self.seed, self.split = level, n, seed, split
        self.name = f"grammars:{split}?level={level}&n={n}&seed={seed}"

    def __len__(self) -> int:
        return self.n

    def scene(self, index: int) -> Scene:
        """The scene of pair number `index`: the first of its draws whose English caption belongs to the split."""
        if not 0 <= index < self.n:
            raise IndexError(f"pair {index} of {self.n}")
        keys = (seed_of("grammars", self.level, self.seed, self.split, int(index), attempt) for attempt in count())
        every = (compose(self.level, SIDE, key) for key in keys)
        return next(made for made in every if held(caption.caption(made)) == (self.split == "test"))

    def __getitem__(self, index: int) -> Sample:
        scene = self.scene(index)
        said = caption.caption(scene)
        return Sample(
            key=f"{self.split}/level{self.level}/seed{self.seed}/{index:06d}",
            image=svg.to_svg(scene).encode(),
            captions=(said,),
            translation=(tongue.said(scene),),
            name=said,  # of a split made later, too, no sentence is on both sides
        )


def held(sentence: str) -> bool:
    """Whether a sentence belongs to the test split."""
    return seed_of("held sentence", sentence) % HELD == 0
