"""Elements cut into parts: pieces of a line along it, sectors of a round or compact shape.

Ours for the raster of what an SVG would name (segments of a path, sub-paths, glyphs).
"""

import math

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from sightline.data.augment.draws import Draws

LONG = 0.3
"""an element is cut across its longer axis where the shorter spread is less than this share of the longer, else into
sectors"""
PARTS = (2, 3, 4)


def parts(elements: Int[Tensor, "b y x"], draws: Draws) -> Int[Tensor, "b y x"]:
    """The part, from 0, of its element each pixel is in; -1 outside the elements.

    An element has 2, 3 or 4 parts of equal areas (to a pixel), the first sector beginning at an angle that is drawn.
    """
    b, most = len(elements), int(elements.max())
    made = torch.full_like(elements, -1)
    inside = elements > 0
    if not most:
        return made
    image, row, column = inside.nonzero(as_tuple=True)
    of = image * most + elements[inside].long() - 1
    count = np.array(PARTS)[(draws.many("parts", most) * len(PARTS)).astype(int)].reshape(-1)
    begin = draws.many("angle", most).reshape(-1)
    pieces, turn = (torch.from_numpy(values).to(elements.device) for values in (count, begin))
    area = torch.bincount(of, minlength=b * most)

    def mean(values: Tensor) -> Tensor:
        return torch.bincount(of, values, minlength=b * most) / area.clamp(min=1)

    y, x = row.double(), column.double()
    y, x = y - mean(y)[of], x - mean(x)[of]
    yy, xx, xy = mean(y * y), mean(x * x), mean(x * y)
    spread = ((xx - yy) ** 2 / 4 + xy**2).sqrt()
    longer, shorter = (xx + yy) / 2 + spread, ((xx + yy) / 2 - spread).clamp(min=0)
    axis = torch.atan2(2 * xy, xx - yy) / 2
    along = x * axis.cos()[of] + y * axis.sin()[of]
    # only the order counts; the sigmoid keeps it inside the element's own range of places
    along = torch.sigmoid(along / (longer.sqrt()[of] + 1e-9))
    around = torch.remainder(torch.atan2(y, x) / (2 * math.pi) + turn[of], 1.0)
    line = (shorter.sqrt() < LONG * longer.sqrt())[of]
    place = torch.where(line, along, around)
    order = torch.argsort(of + 0.999 * place, stable=True)
    first = area.cumsum(0) - area
    rank = torch.empty_like(of).index_put((order,), torch.arange(len(of), device=of.device)) - first[of]
    return made.masked_scatter(inside, (rank * pieces[of] // area[of]).to(made.dtype))
