"""Random patches, as MAE masks (He et al. 2021, arXiv 2111.06377, section 3).

MAE keeps int((1 - ratio) n) patches; here int(ratio n) are masked, which is the same where ratio n is whole.
"""

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from sightline.data.augment.draws import Draws
from sightline.data.masks.amount import Amount, Ratio, check_grid, drawn, lowest, shared


@dataclass(frozen=True)
class RandomMask(Amount):
    """Patches chosen independently of each other and of the picture."""

    ratio: Ratio = 0.75

    def __call__(
        self, pictures: Float[Tensor, "b 3 y x"], grid: tuple[int, int], draws: Draws
    ) -> Bool[Tensor, "b gy gx"]:
        """(b, gy, gx), true where masked."""
        check_grid(pictures, grid)
        n = grid[0] * grid[1]
        count = (drawn(self.ratio, draws) * n).astype(int)
        return shared(lowest(draws.many("noise", n), count), self.share, grid, draws, pictures.device)
