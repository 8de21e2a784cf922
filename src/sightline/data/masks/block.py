"""Blocks of patches, as BEiT and iBOT mask (Bao et al. 2021, arXiv 2106.08254, algorithm 1; Zhou et al. 2021, arXiv
2111.07832).

Until a picture's count is reached, a block is drawn: target area uniform between the smallest block and what is still
missing, height / width log-uniform in [0.3, 1 / 0.3], place uniform. It is taken if it is smaller than the grid on both
sides and masks at least one new patch and no more than are missing. Ten blocks refused in a row end the picture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from sightline.data.augment.draws import Draws
from sightline.data.masks.amount import Amount, Ratio, check_grid, counted, drawn, lowest, shared

ATTEMPTS = 10
ASPECT = (log(0.3), log(1 / 0.3))

Place = Callable[[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""(round, rows (r,), their masks (r, gy, gx), heights and widths (r,)) -> where the blocks go (r, gy, gx), and what
each would use up of its picture's room (r,); 0 refuses it. The rows are those of the batch still unfinished."""


def rectangle(
    top: np.ndarray, left: np.ndarray, height: np.ndarray, width: np.ndarray, grid: tuple[int, int]
) -> np.ndarray:
    """(*b, gy, gx) bool: one block a picture, cut off at the grid."""
    rows, columns = (np.arange(side) for side in grid)
    down = (rows >= top[..., None]) & (rows < (top + height)[..., None])
    across = (columns >= left[..., None]) & (columns < (left + width)[..., None])
    return down[..., :, None] & across[..., None, :]


def anywhere(grid: tuple[int, int], draws: Draws) -> Place:
    """A uniformly drawn place; a block uses up as much room as it masks new patches."""

    def place(
        number: int, rows: np.ndarray, mask: np.ndarray, height: np.ndarray, width: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        top, left = uniform_place(number, rows, height, width, grid, draws)
        block = rectangle(top, left, height, width, grid)
        return block, (block & ~mask).sum((1, 2))

    return place


def uniform_place(
    number: int, rows: np.ndarray, height: np.ndarray, width: np.ndarray, grid: tuple[int, int], draws: Draws
) -> tuple[np.ndarray, np.ndarray]:
    """Top and left (r,) of blocks that lie anywhere in the grid; 0 for blocks that do not fit."""
    u = draws.many(f"place {number}", 2)[rows]
    top, left = (
        np.floor(u[:, axis] * np.maximum(grid[axis] - side + 1, 1)) for axis, side in enumerate((height, width))
    )
    return top, left


def fill(
    grid: tuple[int, int], room: np.ndarray, smallest: float, draws: Draws, place: Place, *, most: float = inf
) -> np.ndarray:
    """Masks (b, gy, gx) by the loop of the module, all pictures side by side, each on draws of its own.

    `room` (b,), may be a fraction, is what the blocks of a picture may use up in all, `most` what one block may.
    """
    mask = np.zeros((len(room), *grid), bool)
    used, refused = np.zeros(len(room)), np.zeros(len(room), int)
    rows, number = np.flatnonzero(room > 0), 0
    while len(rows):
        u = draws.many(f"block {number}", 2)[rows]
        free = np.minimum(room[rows] - used[rows], most)
        area = np.maximum(smallest + u[:, 0] * (free - smallest), 0)
        aspect = np.exp(ASPECT[0] + u[:, 1] * (ASPECT[1] - ASPECT[0]))
        height, width = np.rint(np.sqrt(area * aspect)), np.rint(np.sqrt(area / aspect))
        block, use = place(number, rows, mask[rows], height, width)
        good = (height < grid[0]) & (width < grid[1]) & (use > 0) & (use <= free)
        mask[rows] |= block & good[:, None, None]
        used[rows] += np.where(good, use, 0)
        refused[rows] = np.where(good, 0, refused[rows] + 1)
        rows, number = rows[(refused[rows] < ATTEMPTS) & (used[rows] < room[rows])], number + 1
    return mask


def smallest_block(grid: tuple[int, int]) -> int:
    """iBOT's: the square of a third of the shorter side, rounded down."""
    return (min(grid) // 3) ** 2


@dataclass(frozen=True)
class BlockMask(Amount):
    """Blocks that may overlap; with a pair for `ratio`, exactly iBOT's, which often ends a little short.

    Where `ratio` is a number the count is made up with random patches. iBOT's `share` is 0.5.
    """

    smallest: int = 0
    """least target area of a block in patches; 0 is iBOT's (shorter side // 3)^2, DINOv2 has 4"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.smallest < 0:
            raise ValueError(f"BlockMask.smallest is {self.smallest}; expected patches, or 0 for a third of the side")

    def __call__(
        self, pictures: Float[Tensor, "b 3 y x"], grid: tuple[int, int], draws: Draws
    ) -> Bool[Tensor, "b gy gx"]:
        """(b, gy, gx), true where masked."""
        check_grid(pictures, grid)
        mask = block_masks(self.ratio, grid, draws, self.smallest)
        return shared(mask, self.share, grid, draws, pictures.device)


def block_masks(ratio: Ratio, grid: tuple[int, int], draws: Draws, smallest: int = 0) -> np.ndarray:
    """(b, n) bool, as `BlockMask` makes them for every picture."""
    b, n = len(draws.index), grid[0] * grid[1]
    low = smallest or smallest_block(grid)
    room = drawn(ratio, draws) * n if isinstance(ratio, tuple) else counted(ratio, n, b)
    mask = fill(grid, room, low, draws, anywhere(grid, draws)).reshape(b, n)
    return mask if isinstance(ratio, tuple) else lowest(draws.many("noise", n) + ~mask, room)
