"""DINOv2's masks (Oquab et al. 2023, arXiv 2304.07193, released code): ratios are kept by the batch as a whole."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sightline.data.augment.draws import Draws
from sightline.data.masks.amount import Amount, check_grid
from sightline.data.masks.block import anywhere, fill

SMALLEST = 4
"""least target area of a block, in patches"""


@dataclass(frozen=True)
class StrataMask(Amount):
    """Exactly int(share b) pictures are masked, their ratios one from each of as many equal slices of `ratio`.

    So a picture's mask depends on who is in the batch with it, unlike every other kind's; the batch is that of all
    ranks. Blocks as in `BlockMask`, of 4 patches to half the grid. In the paper both global crops are one batch
    of 2b; called on each view alone, it masks the same number of each.
    """

    ratio: tuple[float, float] = (0.1, 0.5)
    share: float = 0.5
    views: int = 2

    def __call__(
        self, pictures: Float[Tensor, "b 3 y x"], grid: tuple[int, int], draws: Draws
    ) -> Bool[Tensor, "b gy gx"]:
        """(b, gy, gx), true where masked."""
        check_grid(pictures, grid)
        n = grid[0] * grid[1]
        slices, whole = draws.rank("order")
        masked = int(whole * self.share)
        edges = np.linspace(*self.ratio, masked + 1)
        chosen = slices < masked
        low, high = edges[np.where(chosen, slices, 0)], edges[np.where(chosen, slices + 1, 0)]
        room = np.floor(n * (low + (high - low) * draws.uniform("ratio"))) * chosen
        mask = fill(grid, room, SMALLEST, draws, anywhere(grid, draws), most=n // 2)
        return torch.from_numpy(mask).to(pictures.device)
