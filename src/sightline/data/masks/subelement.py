"""Parts of elements: a piece of a stroke, a sector of a shape, which the rest tells by symmetry and continuation."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sightline.data.augment.draws import Draws
from sightline.data.masks.amount import check_grid, drawn, shared
from sightline.data.masks.choice import choose
from sightline.data.masks.drawing import OfElements
from sightline.data.masks.parts import parts
from sightline.data.masks.patches import cover
from sightline.data.masks.rules import nearness, patches, settled


@dataclass(frozen=True)
class SubElementMask(OfElements):
    """One part each of elements in random order until `ratio` of the ink is masked, under the rules of `rules`.

    Elements are cut as in `parts`; of every element a patch at least stays visible, so one that lies in a single patch
    is left alone. Where all parts together are less than `ratio` of the ink, the mask is that much smaller, unless the
    ratio is a number: then patches beside the elements are added first.
    """

    def of(
        self,
        elements: Int[Tensor, "b y x"],
        pictures: Float[Tensor, "b 3 y x"],
        grid: tuple[int, int],
        draws: Draws,
    ) -> Bool[Tensor, "b gy gx"]:
        check_grid(pictures, grid)
        most = int(elements.max())
        seen = patches(pictures, elements, grid)
        masked = one_part(elements, draws)
        covered, whole = (
            cover(torch.where(inside, elements, 0), grid, most).flatten(2).cpu().numpy()
            for inside in (masked, elements > 0)
        )
        spare = whole & ~covered
        covered &= spare.any(2, keepdims=True)
        near = nearness(seen, draws)
        chosen = choose(covered, spare, seen, drawn(self.ratio, draws), near, draws.many("elements", most))
        taken = covered.any(2, keepdims=True) & ~(covered & ~chosen[:, None]).any(2, keepdims=True)
        rest = (spare & taken).any(1) & ~chosen
        mask = settled(chosen, rest, seen, self.ratio, near, draws)
        return shared(mask, self.share, grid, draws, pictures.device)


def one_part(elements: Int[Tensor, "b y x"], draws: Draws) -> Bool[Tensor, "b y x"]:
    """The pixels of one random part of every element; parts are drawn alike for all elements of a number of parts."""
    part = parts(elements, draws)
    most = int(elements.max())
    if not most:
        return elements > 0
    cell = torch.arange(len(elements), device=elements.device)[:, None, None] * (most + 1) + elements
    pieces = torch.zeros(len(elements) * (most + 1), dtype=part.dtype, device=part.device)
    pieces = pieces.scatter_reduce(0, cell.flatten(), part.flatten() + 1, "amax")
    u = np.pad(draws.many("part", most), ((0, 0), (1, 0))).reshape(-1)
    picked = (torch.from_numpy(u).to(part.device) * pieces).long()
    return (elements > 0) & (part == picked[cell])
