"""Patches in a known arrangement, as views: what relative-position learning looks at (Doersch, Gupta, Efros 2015).

`Neighbours()(size)` gives nine views of `patch` pixels: the middle of a 3 x 3 arrangement, then its eight neighbours
row by row. So view k + 1 is neighbour k, and the label of a pair is its place in the list. The arrangement stands
anywhere in the picture; the gap, the jitter and the colours are there against shortcuts (section 4.1): without them,
edges that run on and chromatic aberration tell the place.
Departures: the paper draws one neighbour a patch, here all eight are made, since the middle is embedded once for them
all; boxes have any fraction of a pixel; pictures are seen at one scale, their shorter side being `size`.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from sightline.data.augment.alpha import Background
from sightline.data.augment.crop import cropped
from sightline.data.augment.draws import Draws
from sightline.data.augment.pictures import Op, Pictures
from sightline.data.augment.pipeline import View
from sightline.data.augment.resample import resample

Colours = Literal["keep", "project", "drop"]
PLACES = (4, 0, 1, 2, 3, 5, 6, 7, 8)
"""of the views in the 3 x 3 arrangement, row by row: the middle first"""
NOISE = 0.01
"""deviation of what stands for a dropped channel, as a share of that of the channel left"""


@dataclass(frozen=True)
class Neighbours:
    """The paper's patches of 96 px, 48 apart and moved by up to 7, are `patch` 16, `gap` 8, `jitter` 1.2 here."""

    patch: int = 16
    gap: float = 4.0
    jitter: float = 2.0
    """each patch moves by up to this in each direction, on its own"""
    colours: Colours = "drop"
    """"project": the green-magenta axis, where lenses disperse, is taken out; "drop": two channels at random become
    noise; "keep": for pictures that no lens took"""
    coarse: float = 0.0
    """probability that a patch is shown at a lower resolution"""

    def __post_init__(self) -> None:
        if self.colours not in get_args(Colours):
            raise ValueError(f"colours is {self.colours!r}; known are {', '.join(get_args(Colours))}")
        if self.patch < 4 or self.gap < 0 or self.jitter < 0:
            raise ValueError(f"patch={self.patch} is at least 4, gap={self.gap} and jitter={self.jitter} at least 0")

    def __call__(self, size: int) -> list[View]:
        """ValueError where the arrangement does not fit into `size` pixels."""
        side = 3 * self.patch + 2 * self.gap + 2 * self.jitter
        if side > size:
            raise ValueError(
                f"three patches of {self.patch}, two gaps of {self.gap} and the jitter take {side:g} px, and a picture "
                f"has {size}: lower data.views.patch or raise data.size"
            )
        after: list[Op] = [Background()]
        if self.coarse:
            after.append(Coarse(self.coarse))
        if self.colours == "project":
            after.append(WithoutGreenMagenta())
        if self.colours == "drop":
            after.append(DropChannels())
        return [View([Patch(at, size, self), *after], self.patch) for at in PLACES]


@dataclass(frozen=True)
class Patch:
    """One patch of the arrangement, number `at` of nine."""

    at: int
    size: int
    """pixels of the picture's shorter side, in which the arrangement is measured"""
    of: Neighbours

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        o = self.of
        # the same draws in all nine views: they are patches of one arrangement
        together = replace(draws, scope="neighbours")
        unit = pictures.size.min(1, keepdims=True) / self.size
        side = 3 * o.patch + 2 * o.gap + 2 * o.jitter
        corner = o.jitter + (pictures.size / unit - side) * together.many("corner", 2)
        corner = corner + np.array(divmod(self.at, 3)) * (o.patch + o.gap)
        corner = corner + draws.many("jitter", 2, -o.jitter, o.jitter)
        extent = np.full_like(corner, o.patch)
        boxes = np.concatenate([corner, extent], 1) * unit
        return cropped(pictures, boxes)


@dataclass(frozen=True)
class WithoutGreenMagenta:
    """x (I - a'a / aa') with a = (-1, 2, -1): the colour axis along which lenses disperse, taken out of each pixel."""

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        a = torch.tensor([[-1.0, 2.0, -1.0]], device=pictures.image.device)
        matrix = torch.eye(3, device=a.device) - a.T @ a / a.square().sum()
        return pictures.with_image(torch.einsum("bcyx,dc->bdyx", pictures.image, matrix).clamp_(0, 1))


@dataclass(frozen=True)
class DropChannels:
    """Two of three channels become Gaussian noise about grey, of the third's deviation times `NOISE`."""

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        image = pictures.image
        b, c, y, x = image.shape
        kept = torch.from_numpy((draws.uniform("channel") * c).astype(np.int64)).to(image.device)
        left = image[torch.arange(b, device=image.device), kept][:, None]
        uniform = pictures.tensor(draws.many("noise", c * y * x, -1.0, 1.0)).view_as(image)
        noise = torch.erfinv(uniform.clamp_(-0.999, 0.999)).mul_(NOISE * 2**0.5) * left.std((2, 3), keepdim=True) + 0.5
        whole = torch.arange(c, device=image.device)[None] == kept[:, None]
        return pictures.with_image(torch.where(whole[..., None, None], image, noise).clamp_(0, 1))


@dataclass(frozen=True)
class Coarse:
    """With probability p made smaller, to a tenth of the side at least, and enlarged again (bilinear, antialiased)."""

    p: float
    least: float = 0.1

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        size = pictures.image.shape[-1]
        least = max(1, round(self.least * size))
        sides = least + (draws.uniform("side") * (size - least)).astype(np.int64)
        sides = np.where(draws.chance("coarse", self.p), sides, size)
        there = _coarser(size).to(pictures.image.device)
        matrix = there[torch.from_numpy(sides - 1).to(there.device)]
        return pictures.with_image(resample(pictures.image, matrix, matrix))


@lru_cache(maxsize=8)
def _coarser(size: int) -> Float[Tensor, "s s s"]:
    """Matrix s - 1: a line of `size` pixels brought to s of them and back."""
    line = torch.eye(size)[:, None, None]  # as `size` pictures of one row
    made = []
    for side in range(1, size + 1):
        small = F.interpolate(line, (1, side), mode="bilinear", antialias=True)
        made.append(F.interpolate(small, (1, size), mode="bilinear", antialias=True)[:, 0, 0].T)
    return torch.stack(made)
