"""Blocks that cut through lines: a masked line is seen to go in and to come out, and has to be continued."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sightline.data.augment.draws import Draws
from sightline.data.masks.amount import check_grid, counted, drawn, shared
from sightline.data.masks.block import Place, fill, rectangle, smallest_block, uniform_place
from sightline.data.masks.drawing import OfElements
from sightline.data.masks.patches import colour, edge
from sightline.data.masks.rules import Patches, nearness, patches, picked, settled

EDGES = 0.3
"""share of a block's patches with an edge from which it is accepted"""
ONE_COLOUR = 0.04
"""range of the patches' mean colours, in each channel, under which solid patches are of one colour"""
SHIFTS = 3
"""places tried for a block that was not accepted where it fell"""
FLOOR = 0.05
"""added to the ink of a patch, as the chance that a shifted block is centred there"""


@dataclass(frozen=True)
class CrossingMask(OfElements):
    """Blocks drawn as in `BlockMask`, each accepted only where it meets lines, under the rules of `rules`.

    Accepted: 30 % of its patches hold an edge, or strokes pass its outline on two sides or more; and its patches are
    not all of one flat colour. Otherwise it is shifted: its centre drawn in proportion to ink + 0.05, three times; then
    it counts as refused. With a pair for `ratio` it is measured over ink.

    Departure: that the stroke coming in is the one going out is not asked.
    """

    def of(
        self,
        elements: Int[Tensor, "b y x"],
        pictures: Float[Tensor, "b 3 y x"],
        grid: tuple[int, int],
        draws: Draws,
    ) -> Bool[Tensor, "b gy gx"]:
        check_grid(pictures, grid)
        seen = patches(pictures, elements, grid)
        lines = Lines.of(pictures, elements, grid)
        inked = seen.inked.sum(1)
        if isinstance(self.ratio, tuple):
            room = drawn(self.ratio, draws) * inked
            use = seen.mass * (inked / np.maximum(seen.mass.sum(1), 1e-9))[:, None]
        else:
            room, use = counted(self.ratio, seen.mass.shape[1], len(seen.mass)), np.ones_like(seen.mass)
        room = np.where(seen.few, 0, room)
        chosen = fill(grid, room, smallest_block(grid), draws, meeting(lines, seen, use, draws))
        chosen = chosen.reshape(seen.mass.shape)
        mask = settled(chosen, np.zeros_like(chosen), seen, self.ratio, nearness(seen, draws), draws)
        return shared(mask, self.share, grid, draws, pictures.device)


@dataclass(frozen=True, slots=True)
class Lines:
    """What tells whether a block meets a line."""

    edge: np.ndarray
    """(b, gy, gx) bool: patches with an edge"""
    colour: np.ndarray
    """(b, gy, gx, 3) mean colours"""
    down: np.ndarray
    """(b, gy - 1, gx) bool: an element passes from a patch to the one below, not over the full width"""
    across: np.ndarray
    """(b, gy, gx - 1) bool: to the one at the right, not over the full height"""

    @classmethod
    def of(cls, pictures: Float[Tensor, "b 3 y x"], elements: Int[Tensor, "b y x"], grid: tuple[int, int]) -> "Lines":
        """Of pictures whose elements are known."""
        return cls(
            edge(pictures, grid).cpu().numpy(),
            colour(pictures, grid).cpu().numpy(),
            _passing(elements, grid).cpu().numpy(),
            _passing(elements.transpose(1, 2), (grid[1], grid[0])).transpose(1, 2).cpu().numpy(),
        )

    def accept(self, block: np.ndarray, solid: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(r, k) bool for blocks (r, k, gy, gx) in pictures `rows` (r,) of which patches (r, gy, gx) are solid."""
        edges = (block & self.edge[rows, None]).sum((2, 3)) >= EDGES * block.sum((2, 3))
        under, above = block[:, :, 1:], block[:, :, :-1]
        after, before = block[..., 1:], block[..., :-1]
        down, across = self.down[rows, None], self.across[rows, None]
        sides = ((under & ~above, down), (above & ~under, down), (after & ~before, across), (before & ~after, across))
        passed = np.stack([(side & lines).any((2, 3)) for side, lines in sides]).sum(0) >= 2
        tones = self.colour[rows, None]
        inside = block[..., None]
        span = np.where(inside, tones, -1).max((2, 3)) - np.where(inside, tones, 2).min((2, 3))
        varied = (block & ~solid[:, None]).any((2, 3)) | (span > ONE_COLOUR).any(-1)
        return (edges | passed) & varied


def _passing(elements: Int[Tensor, "b y x"], grid: tuple[int, int]) -> Bool[Tensor, "b down gx"]:
    p, (gy, gx) = elements.shape[1] // grid[0], grid
    above, below = elements[:, p - 1 : -1 : p], elements[:, p::p]
    same = ((above == below) & (above > 0)).reshape(len(elements), gy - 1, gx, -1)
    return same.any(-1) & ~same.all(-1)


def meeting(lines: Lines, seen: Patches, use: np.ndarray, draws: Draws) -> Place:
    """The place drawn, or the first of three by ink, where the block is accepted; it uses up the `use` (b, n) of its
    new patches."""
    grid, shape = seen.grid, (len(seen.mass), *seen.grid)
    weights, inked = seen.mass + FLOOR, seen.inked.reshape(shape)
    solid, cost, allowed = seen.solid.reshape(shape), use.reshape(shape), seen.allowed

    def place(
        number: int, rows: np.ndarray, mask: np.ndarray, height: np.ndarray, width: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        top, left = uniform_place(number, rows, height, width, grid, draws)
        middle = picked(weights[rows], draws.many(f"shift {number}", SHIFTS)[rows])
        tops, lefts = (
            np.clip(at - (side // 2)[:, None], 0, np.maximum(whole - side, 0)[:, None])
            for at, side, whole in ((middle // grid[1], height, grid[0]), (middle % grid[1], width, grid[1]))
        )
        tops, lefts = np.concatenate([top[:, None], tops], 1), np.concatenate([left[:, None], lefts], 1)
        block = rectangle(tops, lefts, height[:, None], width[:, None], grid)
        masked = ((block | mask[:, None]) & inked[rows, None]).sum((2, 3))
        good = lines.accept(block, solid[rows], rows) & (masked <= allowed[rows, None])
        first = block[np.arange(len(rows)), good.argmax(1)]
        return first, np.where(first & ~mask, cost[rows], 0).sum((1, 2)) * good.any(1)

    return place
