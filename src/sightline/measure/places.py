"""Between the pixels of a square and the grid of an encoder's tokens, whatever part of the square they cover.

All encoders are judged on the same pixels: what a view leaves out (a crop) is filled from the nearest that it sees.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int, Shaped

from sightline.data.decode.target import extent
from sightline.data.sample import BadSample, Sample
from sightline.measure.finding import Finding
from sightline.measure.pictures import Pictures
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import SCENE_SIDE, Suite

SOURCE_SIDE, JUDGED = 224, 112
"""pixels of a side of the squares that pictures of a source are brought to; and of the planes that are judged on"""
TEST, TRAIN = (200, 40), (300, 80)
"""pictures of a source whose places are measured on and fitted on at most, full and quick"""


@dataclass(frozen=True)
class View:
    """The pixels top to bottom, left to right of a square of `side` pixels, under a grid of tokens (gy, gx)."""

    side: int
    grid: tuple[int, int]
    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def of(cls, subject: Subject, side: int, features: Shaped[np.ndarray, "n gy gx d"]) -> "View":
        """Where the tokens `features` of a subject lie in squares of `side` pixels."""
        top, left, height, width = subject.window
        edges = [round(share * side) for share in (top, left, top + height, left + width)]
        return cls(side, (features.shape[1], features.shape[2]), *edges)

    @property
    def size(self) -> tuple[int, int]:
        return self.bottom - self.top, self.right - self.left

    def cut(self, plane: Shaped[np.ndarray, "s s"]) -> Shaped[np.ndarray, "y x"]:
        """What the tokens cover of a plane."""
        return plane[self.top : self.bottom, self.left : self.right]

    def whole(self, plane: Shaped[np.ndarray, "... y x"]) -> Shaped[np.ndarray, "... s s"]:
        """A plane of the covered part, at its pixels, on the whole square."""
        if self.size == (self.side, self.side):
            return plane
        around = [(self.top, self.side - self.bottom), (self.left, self.side - self.right)]
        return np.pad(plane, [(0, 0)] * (plane.ndim - 2) + around, mode="edge")

    def centres(self) -> Float[np.ndarray, "gy gx 2"]:
        """The middle of every token, y and x in pixels of the square."""
        y = self.top + (np.arange(self.grid[0]) + 0.5) * self.size[0] / self.grid[0]
        x = self.left + (np.arange(self.grid[1]) + 0.5) * self.size[1] / self.grid[1]
        return np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)

    def cells(self, points: Float[np.ndarray, "... 2"]) -> Int[np.ndarray, "... 2"]:
        """The token in which each point (y, x) lies, row and column; the nearest one where none does."""
        start, size, grid = (np.array(pair) for pair in ((self.top, self.left), self.size, self.grid))
        return np.clip(np.floor((points - start) * grid / size), 0, grid - 1).astype(np.int64)

    def inside(self, plane: Shaped[np.ndarray, "s s"]) -> Shaped[np.ndarray, "gy gx"]:
        """The value of a plane at the middle of every token."""
        at = np.clip(np.floor(self.centres()), 0, self.side - 1).astype(np.int64)
        return plane[at[..., 0], at[..., 1]]


@dataclass(frozen=True, eq=False)
class Board:
    """Samples as squares, the same pictures for every task that asks for them."""

    shelf: Shelf
    pictures: Pictures
    side: int
    """of the planes that are judged on"""

    def __len__(self) -> int:
        return len(self.shelf)

    def planes(self, read: Callable[..., np.ndarray], what: str) -> list[np.ndarray | None]:
        """`read(sample, side)` of every sample that has `what`; None where it has not, or it cannot be read."""
        return [None if getattr(s, what) is None else self._tried(read, s) for s in self.shelf.samples]

    def why(self) -> str:
        """What was wrong with the first that could not be read, and how many could not; "" where all could."""
        first = next(iter(self.shelf.bad.values()), "")
        return f"{first} (and so of {len(self.shelf.bad) - 1} more)" if len(self.shelf.bad) > 1 else first

    def _tried(self, read: Callable[..., np.ndarray], sample: Sample) -> np.ndarray | None:
        try:
            return read(sample, self.side)
        except BadSample as error:
            self.shelf.bad[sample.key] = str(error)
            return None

    def content(self, at: int) -> np.ndarray:
        """Bool (s, s): where the square has picture and no padding; everywhere where the picture has no size."""
        plane = np.ones((self.side, self.side), bool)
        try:
            shape = extent(self.shelf.samples[at].image)
        except BadSample:
            return plane
        high, wide = (max(1, round(length * self.side / max(shape))) for length in shape)
        top, left = (self.side - high) // 2, (self.side - wide) // 2
        plane[:] = False
        plane[top : top + high, left : left + wide] = True
        return plane


def scenes(suite: Suite, level: int, n: int, split: str = "test") -> Board:
    """Scenes of a level; they are squares as they are."""
    shelf = suite.drawn(level, n, split)
    return Board(shelf, shelf.pictures, SCENE_SIDE)


def boards(suite: Suite) -> tuple[Board, Board | None]:
    """The pictures of a source to be measured on, and those to fit on; None where the suite has none of these."""
    test = _board(suite.test, suite.n(*TEST))
    return test, _board(suite.memory, suite.n(*TRAIN)) if suite.memory is not None and len(suite.memory) else None


def reachable(finding: Finding, *, lower: bool = False) -> Finding:
    """The finding with a bound no worse than its chance: where a grid is too coarse for anything the score is 0, and
    does not turn round. `lower`: less is better."""
    return replace(finding, bound=(min if lower else max)(finding.bound, finding.chance))


def unit(rows: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... d"]:
    """Rows of length 1, float64; a row of zeros stays."""
    rows = rows.astype(np.float64)
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(length > 0, length, 1)


def spread(grid: tuple[int, int], planes: Sequence[np.ndarray], values: np.ndarray) -> np.ndarray:
    """Ideal features (n, *grid, d): `values` (k, d) by the number of a plane (s, s) in the middle of a cell."""
    rows, columns = (((np.arange(cells) + 0.5) * planes[0].shape[0] / cells).astype(np.int64) for cells in grid)
    return np.stack([values[plane[rows[:, None], columns]] for plane in planes])


def _board(shelf: Shelf, most: int) -> Board:
    part = shelf.part(range(min(most, len(shelf))))
    return Board(part, part.squares(SOURCE_SIDE), JUDGED)
