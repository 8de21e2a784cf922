"""Pictures of a batch at their own aspect ratios, cut into patches: NaFlex's training view, on the device.

The same map as the evaluation view's (`data/prepare/naflex.py`), with one length a batch instead of one for ever.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sightline.data.augment.alpha import flat
from sightline.data.augment.draws import Draws
from sightline.data.augment.geometry import Transform, identity, still
from sightline.data.augment.pictures import unpack
from sightline.data.augment.pipeline import View, together
from sightline.data.augment.resample import BILINEAR, Span, inside, resample
from sightline.data.prepare.naflex import fitted_size
from sightline.protocols import Batch


@dataclass(frozen=True)
class PatchView(View):
    """The whole picture at its own aspect ratio, in at most L patches; L is one of `lengths`, drawn for every batch."""

    lengths: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CutPictures:
    """What `towers.naflex.Patches` holds, and where the points of the stored pictures are in it."""

    patches: Float[Tensor, "b n k"]
    mask: Bool[Tensor, "b n"]
    grid: Int[Tensor, "b 2"]
    transform: Transform


class AugmentPatches:
    """`cut(batch, seed, step)`: stored uint8 pictures -> patches, opaque, normalised, padded to the length of the step.

    Nothing but the length is drawn, by (seed, step): every rank and a run that goes on have the same one.
    """

    def __init__(self, view: PatchView, *, patch: int, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        self.lengths, self.patch = view.lengths, patch
        self._shift = torch.tensor(mean, dtype=torch.float32).view(3, 1, 1)
        self._gain = 1 / torch.tensor(std, dtype=torch.float32).view(3, 1, 1)

    def length(self, seed: int, step: int) -> int:
        """The patches that a picture of this step may have."""
        (share,) = Draws(seed, step, np.empty(0, np.int64), "patches").shared("length", 1)
        return self.lengths[int(share * len(self.lengths))]

    @torch.no_grad()
    def __call__(self, batch: Batch, seed: int, step: int) -> CutPictures:
        image, size = batch["image"], batch["size"].cpu().numpy()
        length, p = self.length(seed, step), self.patch
        sides = np.array([_fitted(int(y), int(x), p, length) for y, x in size], np.int64).reshape(-1, 2)
        made = torch.zeros(len(image), length, 3 * p * p, device=image.device)
        chunk = together(image)
        for side in np.unique(sides, axis=0):  # pictures of one shape are resized together
            every = np.flatnonzero((sides == side).all(1))
            for rows in np.split(every, range(chunk, len(every), chunk)):
                at = torch.from_numpy(rows).to(image.device)
                cut = self._cut(image[at], size[rows], int(side[0]), int(side[1]))
                made[at, : cut.shape[1]] = cut
        grid = torch.from_numpy(sides // p).to(image.device)
        by = identity(len(size))
        by[:, 0, 0], by[:, 1, 1] = (sides / size).T[::-1]
        return CutPictures(
            patches=made,
            mask=torch.arange(length, device=image.device) < grid.prod(1, keepdim=True),
            grid=grid,
            transform=still(size).then(by, sides),
        )

    def _cut(self, stored: Tensor, size: np.ndarray, height: int, width: int) -> Float[Tensor, "b n k"]:
        y, x = size.max(0)
        image = flat(unpack(stored[:, :, :y, :x], size, 0)).image
        begin, never = np.zeros(len(size)), np.zeros(len(size), bool)
        tall, wide = size.T.astype(np.float64)
        down = inside(Span(begin, tall, never), BILINEAR, image.shape[2], height, image.device)
        across = inside(Span(begin, wide, never), BILINEAR, image.shape[3], width, image.device)
        pixels = (resample(image, down, across) - self._shift.to(image.device)) * self._gain.to(image.device)
        return rearrange(pixels, "b c (gy y) (gx x) -> b (gy gx) (y x c)", y=self.patch, x=self.patch)


@lru_cache(2**16)
def _fitted(height: int, width: int, patch: int, length: int) -> tuple[int, int]:
    return fitted_size(height, width, patch, length)
