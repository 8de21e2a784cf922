"""Regional maxima of a map (R-MAC: Tolias, Sicre, Jegou 2016, https://arxiv.org/abs/1511.05879)."""

from fractions import Fraction

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

OVERLAP = Fraction(2, 5)
"""of neighbouring regions of the first level, as nearly as whole numbers allow; exact, so that ties are ties"""

Region = tuple[int, int, int]
"""first row, first column, side"""


def regions(height: int, width: int, levels: int) -> list[Region]:
    """Square regions of a map, level by level, row-major.

    With w = min(height, width), level 1 has m regions of side w along the longer side (1 where the map is a square),
    m >= 2 such that the overlap of two neighbours, 1 - (longer - w) / ((m - 1) w), is nearest to `OVERLAP`, the smaller
    m of two as near. Level l has l x (l + m - 1) regions of side floor(2 w / (l + 1)); the i-th of n along a side of
    length s starts at floor(i (s - side) / (n - 1)). A level whose regions would be less than a place has none.

    m goes to 7 in the authors' code, which is all that maps up to 4 : 1 need; here it goes on. Radenovic's code also
    adds the maximum of the whole map, which the paper and Gordo et al. (2016, https://arxiv.org/abs/1604.01325) do not.

    >>> regions(2, 3, 1)
    [(0, 0, 2), (0, 1, 2)]
    """
    short, more = min(height, width), abs(height - width)
    extra = 0
    if more:
        # the overlap of 2 * more gaps is at least a half: those beyond only overlap more
        extra = min(range(1, 2 * more + 1), key=lambda gaps: abs(1 - Fraction(more, gaps * short) - OVERLAP))
    found = []
    for level in range(1, levels + 1):
        side = 2 * short // (level + 1)
        if side:
            rows = _starts(height, side, level + extra * (height > width))
            columns = _starts(width, side, level + extra * (width > height))
            found += [(row, column, side) for row in rows for column in columns]
    return found


def regional_maxima(maps: Float[Tensor, "b c y x"], levels: int) -> Float[Tensor, "b r c"]:
    """The maximum over each region, of unit length: what a whitening of regions is learnt from and applied to."""
    found = regions(maps.shape[2], maps.shape[3], levels)
    tops = [maps[:, :, y : y + side, x : x + side].amax((2, 3)) for y, x, side in found]
    return F.normalize(torch.stack(tops, 1), dim=2)


def rmac(maps: Float[Tensor, "b c y x"], levels: int) -> Float[Tensor, "b c"]:
    """The sum of `regional_maxima`, of unit length."""
    return F.normalize(regional_maxima(maps, levels).sum(1), dim=1)


def _starts(length: int, side: int, count: int) -> list[int]:
    """In whole numbers: i * ((length - side) / (count - 1)) in floats falls short of the last place now and then."""
    return [i * (length - side) // max(count - 1, 1) for i in range(count)]
