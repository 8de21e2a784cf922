"""S4: where a patch has gone when the picture is turned, scaled and moved, by the nearest patch.

    PCK@0.1: share of points whose nearest patch has its middle within 0.1 max(height, width) of where the point went

in pixels of the picture; patches in the padding are no candidates. Tokens are taken less the mean of their place, so
that a code of positions does not vote for staying; nearest patches that tie count by their share.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import ndimage

from sightline.data.draw import uniform
from sightline.measure.finding import Finding, MeanOf
from sightline.measure.pictures import Pictures
from sightline.measure.places import Board, View, reachable, unit
from sightline.measure.spatial.ridge import placeless
from sightline.measure.subject.subject import Subject

ALPHA = 0.1
POINTS = 8
"""a picture"""
FINE = (32, 32)
EQUAL = 1e-6


@dataclass(frozen=True, eq=False)
class Warp:
    """p -> matrix (p - middle) + middle + shift, in pixels y, x of a square."""

    matrix: np.ndarray
    shift: np.ndarray
    middle: float

    def __call__(self, points: np.ndarray) -> np.ndarray:
        return (points - self.middle) @ self.matrix.T + self.middle + self.shift

    def back(self, points: np.ndarray) -> np.ndarray:
        return (points - self.middle - self.shift) @ np.linalg.inv(self.matrix).T + self.middle

    def image(self, image: np.ndarray) -> np.ndarray:
        """The picture (s, s, 3) uint8 after the warp, white where nothing comes from."""
        inverse = np.linalg.inv(self.matrix)
        half = self.middle - 0.5  # the middle of the square among the middles of pixels
        offset: Any = half - inverse @ (half + self.shift)
        planes = [ndimage.affine_transform(image[..., c], inverse, offset, order=1, cval=255) for c in range(3)]
        return np.stack(planes, axis=-1)


def drawn(at: int, side: int) -> Warp:
    """Turned by up to 20 degrees, scaled by 0.85 to 1.2, moved by 0.12 to 0.25 of a side each way."""
    turn, size, y, x, signs = uniform(0, 0, np.array([at]), "warp", 5)[0]
    angle, scale = np.deg2rad(40 * turn - 20), 0.85 + 0.35 * size
    matrix = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    sign = np.array([(-1.0) ** int(4 * signs), (-1.0) ** int(2 * signs)])
    return Warp(matrix, sign * side * (0.12 + 0.13 * np.array([y, x])), side / 2)


@dataclass(frozen=True, eq=False)
class Correspondence:
    """The first `count` pictures of a board. Areas bool (s, s) say where points are drawn, content where there is no
    padding."""

    board: Board
    count: int
    areas: list[np.ndarray]
    content: list[np.ndarray]

    @cached_property
    def warps(self) -> list[Warp]:
        return [drawn(at, self.board.side) for at in range(self.count)]

    @cached_property
    def points(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pictures (p,), points (p, 2) and where they went (p, 2); those that left the square are not asked for."""
        picture, before = [], []
        for at, area in enumerate(self.areas[: self.count]):
            y, x = np.nonzero(area)
            at_most = uniform(0, 1, np.array([at]), "points", 4 * POINTS)[0]
            found = np.stack([y, x], axis=1)[(at_most * len(y)).astype(int)] + 0.5 if len(y) else np.zeros((0, 2))
            went = self.warps[at](found)
            inside = ((went > 0) & (went < self.board.side)).all(axis=1)
            before.append(found[inside][:POINTS])
            picture += [at] * len(before[-1])
        points = np.concatenate(before)
        after = np.array([self.warps[at](point) for at, point in zip(picture, points, strict=True)]).reshape(-1, 2)
        return np.array(picture, int), points, after

    @cached_property
    def whole(self) -> Pictures:
        return self.board.pictures.told(tokens=self._codes(len(self.board), lambda at, points: points))

    @cached_property
    def warped(self) -> Pictures:
        large = [np.asarray(item) for item in self.board.pictures.items[: self.count]]
        factor = large[0].shape[0] / self.board.side
        made = [
            Warp(w.matrix, w.shift * factor, w.middle * factor).image(i) for w, i in zip(self.warps, large, strict=True)
        ]
        return Pictures(made).told(tokens=self._codes(self.count, lambda at, points: self.warps[at].back(points)))

    def ask(self, subject: Subject) -> list[Finding]:
        before, after = subject.tokens(self.whole)[: self.count], subject.tokens(self.warped)
        view = View.of(subject, self.board.side, before)
        before, after = unit(placeless(before, before)), unit(placeless(after, after))
        picture, points, went = self.points
        centres = view.centres().reshape(-1, 2)
        near = np.linalg.norm(centres[None] - went[:, None], axis=-1) <= ALPHA * self.board.side
        candidate = np.stack([self._candidates(view, at) for at in range(self.count)])[picture]
        cells = view.cells(points)
        rows = before[picture, cells[:, 0], cells[:, 1]]
        cosines = np.einsum("pd,pkd->pk", rows, after.reshape(self.count, -1, after.shape[-1])[picture])
        hits = _share(cosines, near, candidate)
        stay = np.take_along_axis(near, _flat(view, points)[:, None], axis=1)[:, 0]
        uniform_share = (near & candidate).sum(axis=1) / candidate.sum(axis=1)
        reached = np.take_along_axis(near, _flat(view, went)[:, None], axis=1)[:, 0]
        found = [
            Finding(
                metric="correspondence PCK@0.1",
                statistic=MeanOf(hits),
                chance=max(float(uniform_share.mean()), float(stay.mean())),
                chance_kind="any patch, or staying in place",
                bound=float(reached.mean()),
                bound_kind="patch grid",
                items=f"points {self.board.pictures.digest}",
                family=picture.tolist(),
                protocol={"alpha": ALPHA, "points": POINTS, "side": self.board.side},
            )
        ]
        return [reachable(finding) for finding in found]

    def _candidates(self, view: View, at: int) -> np.ndarray:
        found = view.inside(self.content[at]).reshape(-1)
        return found if found.any() else np.ones(found.shape, bool)

    def _codes(self, n: int, came: object) -> np.ndarray:
        """Perfect tokens: random waves of the place each cell came from, other ones for every picture."""
        side = self.board.side
        y, x = ((np.arange(cells) + 0.5) * side / cells for cells in FINE)
        grid = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1).reshape(-1, 2)
        made = np.zeros((n, *FINE, 64), np.float16)
        for at in range(min(n, self.count)):
            waves = np.random.default_rng(at).normal(size=(2, 32)) * 12 / side
            phase = came(at, grid) @ waves + np.random.default_rng(at + 10**6).random(32) * 6.28  # type: ignore[operator]
            made[at] = np.concatenate([np.cos(phase), np.sin(phase)], axis=1).reshape(*FINE, 64)
        return made


def _flat(view: View, points: np.ndarray) -> np.ndarray:
    cells = view.cells(points)
    return cells[:, 0] * view.grid[1] + cells[:, 1]


def _share(cosines: np.ndarray, near: np.ndarray, candidate: np.ndarray) -> np.ndarray:
    """For each point the share of its nearest candidates that are near enough."""
    open_ones = np.where(candidate, cosines, -np.inf)
    best = open_ones >= open_ones.max(axis=1, keepdims=True) - EQUAL
    return (best & near).sum(axis=1) / best.sum(axis=1)
