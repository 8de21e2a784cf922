"""S1 of scenes: which of two things that overlap lies in front, read off what each shows outside the other by one line.

    w . (mean token of a - mean token of b) > 0: a is in front

Every pair is seen in both orders, so height, size, name and colour alone order one half of them: that is chance.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from sightline.data.scenes import Scene, Scenes
from sightline.data.scenes.parts import owners, picture, shared
from sightline.measure.finding import Finding, MeanOf
from sightline.measure.pictures import Pictures
from sightline.measure.places import View, spread
from sightline.measure.spatial.ridge import Ridge
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.suite import SCENE_SIDE, SEED
from sightline.probes.grid import summed

LEVEL, COMMON, SEEN = 3, 0.08, 40
"""scenes whose things may overlap; the least share two have in common; least pixels of each outside the other"""
FINE = (48, 48)


@dataclass(frozen=True, eq=False)
class Pairs:
    """`count` scenes with two overlapping things, each drawn in both orders: pictures 2 i and 2 i + 1."""

    count: int
    split: str

    @cached_property
    def found(self) -> list[tuple[Scene, Scene, np.ndarray, np.ndarray]]:
        """The scene as drawn, with the two exchanged, and bool (s, s) of each thing outside the other."""
        made = []
        source = Scenes(level=LEVEL, n=100_000, seed=SEED, split=self.split, size=SCENE_SIDE)
        for index in range(20 * self.count):
            made += list(_overlapping(source.scene(index)))[:1]
            if len(made) == self.count:
                break
        return made

    @cached_property
    def pictures(self) -> Pictures:
        """Perfect tokens are 1 on what is in front and -1 on what is behind."""
        planes = []
        for _, _, back, front in self.found:
            plane = np.zeros(back.shape, int)
            plane[back], plane[front] = 2, 1
            planes += [plane, np.array([0, 2, 1])[plane]]
        items = [picture(scene) for before, after, _, _ in self.found for scene in (before, after)]
        return Pictures(items).told(tokens=spread(FINE, planes, np.array([[0], [1], [-1]], np.int8)))

    def rows(self, subject: Subject) -> tuple[np.ndarray, np.ndarray]:
        """Differences (2 count, d) of the first thing's mean token and the second's, and 1 where it is in front."""
        tokens = subject.tokens(self.pictures)
        view = View.of(subject, SCENE_SIDE, tokens)
        rows, front = [], []
        for at, (_, _, one, other) in enumerate(self.found):
            weights = [summed(view.cut(area), view.grid) for area in (one, other)]
            shares = [weight / max(weight.sum(), 1e-9) for weight in weights]
            rows += [
                np.einsum("yx,yxd->d", shares[0] - shares[1], tokens[2 * at + k].astype(np.float64)) for k in (0, 1)
            ]
            front += [-1.0, 1.0]
        return np.stack(rows), np.array(front)


@dataclass(frozen=True, eq=False)
class FrontOrder:
    """Ready to be asked of any encoder with tokens."""

    test: Pairs
    train: Pairs

    def ask(self, subject: Subject) -> list[Finding]:
        x, y = self.train.rows(subject)
        ridge = Ridge(centred=False).fit(x, y[:, None], np.arange(len(x)) // 2)
        rows, front = self.test.rows(subject)
        said = ridge.predict(rows)[:, 0]
        said = np.where(np.abs(said) > 1e-7 * max(1e-12, float(np.abs(x).max())), said, 0)
        return [
            Finding(
                metric="which lies in front",
                statistic=MeanOf((1 + np.sign(said * front)) / 2),
                chance=0.5,
                chance_kind="every pair in both orders",
                bound=1.0,
                bound_kind="labels",
                items=f"overlaps {self.test.pictures.digest}",
                family=(np.arange(len(rows)) // 2).tolist(),
                protocol={"level": LEVEL, "common": COMMON},
            )
        ]


def _overlapping(scene: Scene) -> Iterator[tuple[Scene, Scene, np.ndarray, np.ndarray]]:
    for i, j in combinations(range(len(scene.elements)), 2):
        if shared(scene.elements[i], scene.elements[j]) < COMMON:
            continue
        after = list(scene.elements)
        after[i], after[j] = after[j], after[i]
        turned = replace(scene, elements=tuple(after))
        before, behind = owners(scene), owners(turned)
        one, other = (before == i + 1) & (behind == j + 1), (before == j + 1) & (behind == i + 1)
        if min(one.sum(), other.sum()) >= SEEN:
            yield scene, turned, one, other
