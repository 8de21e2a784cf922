"""S2: in which of eight directions one patch of a thing lies from another, without what positions alone give away.

Pairs lie about the middle of one thing: the same place, the same thing, eight directions. Tokens are taken less the
mean of their place, and the same probe on the same pairs of pictures cut up and put together wrongly is the control:

    score = (S2 - control) / (1 - control)
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.data.draw import seed_of
from sightline.measure.finding import Finding, MeanOf
from sightline.measure.pictures import Pictures
from sightline.measure.places import Board, View
from sightline.measure.spatial.ridge import Ridge, placeless
from sightline.measure.subject.subject import Subject

DIRECTIONS = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x])
APART = 1 / 6
"""of a side, between the two points: one token of the coarsest grid"""
PIECES = 6
"""a side, of a picture that is put together wrongly"""
FINE = (48, 48)


@dataclass(frozen=True, eq=False)
class Part:
    """Pictures, and the same cut up, of the first `count` of a board's."""

    board: Board
    count: int

    @cached_property
    def points(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pictures (p,), pairs (p, 2, 2) of points y, x, and their directions (p,)."""
        found = []
        for at, sample in enumerate(self.board.shelf.samples[: self.count]):
            for element in sample.extra["scene"].elements:
                x, y, w, h = element.box
                if min(w, h) > APART * self.board.side:
                    found.append((at, y + h / 2, x + w / 2))
        middles = np.array(found).reshape(-1, 3)
        step = DIRECTIONS * APART * self.board.side / 2
        pairs = np.stack([middles[:, None, 1:] - step, middles[:, None, 1:] + step], axis=2).reshape(-1, 2, 2)
        return np.repeat(middles[:, 0], 8).astype(int), pairs, np.tile(np.arange(8), len(middles))

    @cached_property
    def whole(self) -> Pictures:
        """Every picture of the board; perfect tokens say in which ninth of its thing each place lies."""
        side = self.board.side
        y, x = ((np.arange(cells) + 0.5) * side / cells for cells in FINE)
        made = np.zeros((len(self.board), *FINE, 9), np.uint8)
        for tokens, sample in zip(made, self.board.shelf.samples, strict=True):
            for element in sample.extra["scene"].elements:
                left, top, w, h = element.box
                inside = ((y >= top) & (y < top + h))[:, None] & ((x >= left) & (x < left + w))[None]
                away = np.stack(np.meshgrid(y - top - h / 2, x - left - w / 2, indexing="ij"), axis=-1)
                third = np.digitize(away, [-APART * side / 4, APART * side / 4])
                tokens[inside] = np.eye(9, dtype=np.uint8)[3 * third[inside][:, 0] + third[inside][:, 1]]
        return self.board.pictures.told(tokens=made)

    @cached_property
    def mixed(self) -> Pictures:
        """The first pictures, their pieces put together in another order; no perfect token says anything."""
        made = [_mixed(np.asarray(item), at) for at, item in enumerate(self.board.pictures.items[: self.count])]
        return Pictures(made).told(tokens=np.zeros((self.count, *FINE, 9), np.uint8))


@dataclass(frozen=True, eq=False)
class Offset:
    """Ready to be asked of any encoder with tokens."""

    test: Part
    train: Part

    def ask(self, subject: Subject) -> list[Finding]:
        hits = self._hits(subject, subject.tokens(self.test.whole), subject.tokens(self.train.whole))
        control = self._hits(subject, subject.tokens(self.test.mixed), subject.tokens(self.train.mixed))
        return [
            Finding(
                metric="relative position",
                statistic=MeanOf(hits),
                chance=max(float(control.mean()), 1 / 8),
                chance_kind="the same pairs of pictures cut up",
                bound=1.0,
                bound_kind="labels",
                items=f"offsets {self.test.board.pictures.digest}",
                family=self.test.points[0].tolist(),
                protocol={"directions": 8, "apart": APART, "pieces": PIECES},
                notes=(f"control {control.mean():.3f}; tokens are taken less the mean of their place",),
            )
        ]

    def _hits(self, subject: Subject, tokens: np.ndarray, learnt: np.ndarray) -> np.ndarray:
        tokens, learnt = tokens[: self.test.count], learnt[: self.train.count]
        view = View.of(subject, self.test.board.side, tokens)
        x, y = _rows(placeless(learnt, learnt), view, self.train), np.eye(8)[self.train.points[2]]
        said = Ridge().fit(x, y, self.train.points[0]).predict(_rows(placeless(tokens, learnt), view, self.test))
        best = said >= said.max(axis=1, keepdims=True) - 1e-9
        return best[np.arange(len(said)), self.test.points[2]] / best.sum(axis=1)


def _rows(tokens: np.ndarray, view: View, part: Part) -> np.ndarray:
    picture, pairs, _ = part.points
    cells = view.cells(pairs)
    return tokens[picture[:, None], cells[..., 0], cells[..., 1]].reshape(len(picture), -1)


def _mixed(image: np.ndarray, at: int) -> np.ndarray:
    size = image.shape[0] // PIECES
    pieces = image.reshape(PIECES, size, PIECES, size, 3).transpose(0, 2, 1, 3, 4).reshape(-1, size, size, 3)
    pieces = pieces[np.random.default_rng(seed_of("pieces", at)).permutation(len(pieces))]
    back = pieces.reshape(PIECES, PIECES, size, size, 3).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(back.reshape(image.shape))
