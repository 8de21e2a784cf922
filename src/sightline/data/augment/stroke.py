"""Changes of a drawing that leave its meaning: thicker or thinner lines, a covered part."""

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F

from sightline.data.augment.alpha import mean_ink
from sightline.data.augment.draws import Draws
from sightline.data.augment.pictures import Pictures


@dataclass(frozen=True)
class Stroke:
    """Lines up to one pixel thicker, or `thin` of one thinner, on each side, with probability p. Before Background.

    Coverage moves towards its 3x3 maximum or minimum by a random share (grey dilation and erosion); ink that is new has
    the drawing's mean colour. Opaque pictures are left alone.
    """

    p: float = 0.5
    thick: float = 1.0
    thin: float = 0.7

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        image = pictures.image
        rows = np.flatnonzero(draws.chance("chosen", self.p))
        if image.shape[1] == 3 or not len(rows):
            return pictures
        at = torch.from_numpy(rows).to(image.device)
        share = pictures.tensor(draws.uniform("share", -self.thin, self.thick)[rows])
        share = share.masked_fill(pictures.opaque[at], 0.0)[:, None, None, None]
        some = image[at]
        before = some[:, -1:]
        thick, thin = F.max_pool2d(before, 3, 1, 1), -F.max_pool2d(-before, 3, 1, 1)
        after = before + share.clamp(min=0) * (thick - before) + share.clamp(max=0) * (before - thin)
        if image.shape[1] == 1:
            changed = after
        else:
            ink = mean_ink(pictures)[at][:, :, None, None]
            rgb = some[:, :3] * (after / before.clamp(min=1e-6)).clamp(max=1) + ink * (after - before).clamp(min=0)
            changed = torch.cat([rgb, after], 1)
        return replace(pictures, image=image.index_copy(0, at, changed))


@dataclass(frozen=True)
class Erase:
    """A rectangle of each chosen picture goes blank (Zhong et al. 2017, random erasing), with probability p.

    Sides are `share` of the picture's; its middle is anywhere. Before Background it shows the paper, after it black.
    """

    p: float = 0.3
    share: tuple[float, float] = (0.1, 0.35)

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        height, width = pictures.image.shape[2:]
        chosen = draws.chance("chosen", self.p)
        middle, side = draws.many("middle", 2), draws.many("side", 2, *self.share)
        side = np.where(chosen[:, None], side, 0.0)
        masks = [
            np.abs((np.arange(n) + 0.5) / n - middle[:, axis, None]) < side[:, axis, None] / 2
            for axis, n in enumerate((height, width))
        ]
        rows, columns = (pictures.tensor(mask) for mask in masks)
        hole = (rows[:, None, :, None] * columns[:, None, None, :]).to(pictures.image.dtype)
        return replace(pictures, image=pictures.image * (1 - hole))
