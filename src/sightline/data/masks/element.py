"""Whole elements: a mask takes a stroke or a shape entirely or not at all, so nothing of it can be copied."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sightline.data.augment.draws import Draws
from sightline.data.masks.amount import check_grid, drawn, shared
from sightline.data.masks.choice import choose
from sightline.data.masks.drawing import OfElements
from sightline.data.masks.patches import cover
from sightline.data.masks.rules import nearness, patches, settled


@dataclass(frozen=True)
class ElementMask(OfElements):
    """Elements in random order until `ratio` of the ink is masked, under the rules of `rules`.

    A patch belongs to an element that fills a tenth of it, to one of which it holds 15 %, and to every line through it.
    Of an element too large for the ratio, the part about a random patch is masked.
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
        covered = cover(elements, grid, int(elements.max())).flatten(2).cpu().numpy()
        near = nearness(seen, draws)
        order = draws.many("elements", covered.shape[1])
        chosen = choose(covered, np.zeros_like(covered), seen, drawn(self.ratio, draws), near, order)
        mask = settled(chosen, np.zeros_like(chosen), seen, self.ratio, near, draws)
        return shared(mask, self.share, grid, draws, pictures.device)
