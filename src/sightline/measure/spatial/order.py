"""S1 of scenes: which of two things that overlap lies in front, read by one line off what each shows where they meet.

    w . (mean token of a - mean token of b) > 0: a is in front

Means are over what a thing shows outside the other in either order, near what both have in common: there alone is
seen whose outline goes on.
Every pair is seen in both orders, so height, size, name and colour alone order one half of them: that is chance.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import binary_dilation

from sightline.data.draw import seed_of
from sightline.data.scenes import Scene
from sightline.data.scenes.parts import owners, picture
from sightline.measure.finding import Finding, MeanOf
from sightline.measure.pictures import Pictures
from sightline.measure.places import View, spread
from sightline.measure.spatial.ridge import Ridge
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.closeup import COMMON, exchanged, pair
from sightline.measure.suite.suite import SCENE_SIDE, SEED
from sightline.probes.grid import summed

NEAR = 6
"""pixels from what both have in common, one after the other sideways, up or down"""
FINE = (48, 48)


@dataclass(frozen=True, eq=False)
class Pairs:
    """`count` close-ups of two overlapping things, each drawn in both orders: pictures 2 i and 2 i + 1."""

    count: int
    split: str

    @cached_property
    def found(self) -> list[tuple[Scene, Scene, np.ndarray, np.ndarray]]:
        """The scene as drawn, with the two exchanged, and bool (s, s) of each thing outside the other, near it."""
        keys = [seed_of("closeup", 2, SEED, self.split, at) for at in range(self.count)]
        return [_both(pair(SCENE_SIDE, key)) for key in keys]

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
                protocol={"common": COMMON, "near": NEAR},
            )
        ]


def _both(scene: Scene) -> tuple[Scene, Scene, np.ndarray, np.ndarray]:
    after = exchanged(scene)
    one, other = owners(scene), owners(after)
    near = binary_dilation((one == 2) & (other == 2), iterations=NEAR)
    return scene, after, near & (one == 1) & (other == 2), near & (one == 2) & (other == 1)
