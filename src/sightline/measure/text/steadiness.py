"""Which changes of a picture leave the caption that an encoder finds best unchanged, of a closed set of captions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageFilter

from sightline.data.draw import seed_of
from sightline.data.scenes import edited, values
from sightline.data.scenes.caption import caption
from sightline.data.scenes.parts import picture
from sightline.measure.finding import Finding, MeanOf
from sightline.measure.pictures import Pictures
from sightline.measure.subject.subject import Subject
from sightline.measure.text.asked import Said
from sightline.measure.text.credit import cosines, meanings
from sightline.measure.text.pairs import Pairs

FACTORS = ("background", "style", "palette")
"""of designs, edited one at a time; each is said in the caption"""
SHIFT = 6
"""pixels of 96, to the right and down"""
NOISE = 0.1
"""standard deviation, of the range of values"""
BLUR = 1.5
"""pixels"""


def mirrored(pixels: np.ndarray, key: str) -> np.ndarray:
    return np.ascontiguousarray(pixels[:, ::-1])


def moved(pixels: np.ndarray, key: str) -> np.ndarray:
    """What comes in from the left and from above is the border, continued."""
    return np.pad(pixels, ((SHIFT, 0), (SHIFT, 0), (0, 0)), mode="edge")[: len(pixels), : pixels.shape[1]]


def noisy(pixels: np.ndarray, key: str) -> np.ndarray:
    noise = np.random.default_rng(seed_of("noise", key)).normal(0, 255 * NOISE, pixels.shape)
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)


def blurred(pixels: np.ndarray, key: str) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(BLUR)))


NUISANCES: dict[str, Callable[[np.ndarray, str], np.ndarray]] = {
    "mirror": mirrored,
    "moved": moved,
    "noise": noisy,
    "blur": blurred,
}
TRUE = {
    **dict.fromkeys(("moved", "noise", "blur"), "its caption stays true"),
    "mirror": "its caption stays true but for sides",
}
"""what a change makes of the caption; any other makes it false"""
FALSE = "another caption is true then: a low share is right"


@dataclass(frozen=True, eq=False)
class Steadiness:
    """Scenes before and after every kind of change. The closed set: every caption true of one of the pictures."""

    pairs: Pairs
    suite: str

    @cached_property
    def changed(self) -> list[tuple[str, int, np.ndarray, str]]:
        """(kind, row of the picture before, the picture after, its caption) of designs; the edits of `pairs` apart."""
        made, start = [], self.pairs.starts[4]
        shelf = self.pairs.shelves[4]
        for k, sample in enumerate(shelf.samples[: self.pairs.suite.n(30, 6)]):
            scene, pixels = sample.extra["scene"], np.asarray(sample.image)
            for name in FACTORS:
                free = [value for value in values(scene, name) if value != sample.extra["design"][name]]
                if free:
                    after = edited(scene, name, free[seed_of("change", name, k) % len(free)])
                    made.append((name, start + k, picture(after), caption(after)))
            for name, change in NUISANCES.items():
                made.append((name, start + k, change(pixels, sample.key), shelf.captions[k]))
        return made

    @cached_property
    def pictures(self) -> Pictures:
        texts = [text for *_, text in self.changed]
        return Pictures([pixels for _, _, pixels, _ in self.changed], captions=texts).told(vectors=meanings(texts))

    @cached_property
    def said(self) -> Said:
        said = Said()
        said.all(self.pairs.corpus)
        said.all(text for *_, text in self.changed)
        return said

    def ask(self, subject: Subject) -> list[Finding]:
        """Of every kind of change the share of pictures with the same best caption before and after."""
        texts = subject.texts(self.said.texts)
        near = cosines(np.concatenate([self.pairs.gallery.vectors(subject), subject.vectors(self.pictures)]), texts)
        end = len(near) - len(self.changed)
        places: dict[str, list[tuple[int, int]]] = {}
        for kind, rows in self.pairs.rows.items():
            places[kind] = list(rows)
        for k, (kind, before, *_) in enumerate(self.changed):
            places.setdefault(kind, []).append((before, end + k))
        return [self._finding(kind, near, rows) for kind, rows in places.items() if rows]

    def _finding(self, kind: str, near: np.ndarray, rows: list[tuple[int, int]]) -> Finding:
        before, after = (near[list(some)] for some in zip(*rows, strict=True))
        return Finding(
            metric=f"same best caption: {kind}",
            statistic=MeanOf(agreement(before, after)),
            chance=1 / len(self.said.texts),
            chance_kind="analytic",
            bound=1.0,
            bound_kind="nothing moves it",
            scored=False,
            items=f"best caption, {kind}, of {self.suite}",
            protocol={"captions": len(self.said.texts), "pictures": len(rows)},
            notes=(TRUE.get(kind, FALSE),),
        )


def agreement(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(n,) the chance that the best of each row of `before` (n, k) and of `after`, by lot among equals, is the same."""
    best = [scores == scores.max(axis=1, keepdims=True) for scores in (before, after)]
    return (best[0] & best[1]).sum(axis=1) / (best[0].sum(axis=1) * best[1].sum(axis=1))
