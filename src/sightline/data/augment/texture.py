"""Patterns on what is drawn, a shadow under it: its surface changes, its shape does not."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sightline.data.augment.alpha import WHITE, Colour, coloured, mean_ink, select, visible
from sightline.data.augment.draws import Draws
from sightline.data.augment.paper import dots, hatch, noise
from sightline.data.augment.pictures import Pictures
from sightline.data.augment.resample import resample


@dataclass(frozen=True)
class Texture:
    """Hatching, dots or noise over the ink of each chosen picture, one kind each, which keeps its mean colour.

    Colours are multiplied by 1 + amplitude * pattern (mean 0, in [-1, 1]), so nothing shows in black. Opaque pictures
    keep their surface. Before Background. Periods are shares of the side: 4 to 16 pixels of 256 (ours), but at
    least 2.5 pixels.
    """

    p: float = 0.3
    amplitude: tuple[float, float] = (0.1, 0.4)
    period: tuple[float, float] = (4 / 256, 16 / 256)

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        rows = np.flatnonzero(draws.chance("chosen", self.p))
        if not len(rows) or not self.amplitude[1] or pictures.image.shape[1] == 3:
            return pictures
        pictures = coloured(pictures)
        side = max(pictures.image.shape[2:])
        period = np.maximum(2.5, side * draws.uniform("period", *self.period))[rows]
        kind = (3 * draws.uniform("kind"))[rows].astype(int)
        pattern = np.where(
            (kind == 2)[:, None, None],
            noise(pictures, draws.within("noise"), rows),
            np.where(
                (kind == 0)[:, None, None],
                hatch(pictures, draws, rows, period),
                dots(pictures, draws, rows, period),
            ),
        )
        strength = draws.uniform("amplitude", *self.amplitude)[rows, None, None]
        at = torch.from_numpy(rows).to(pictures.image.device)
        some = pictures.image[at]
        gain = pictures.tensor(1 + strength * pattern).masked_fill_(pictures.opaque[at][:, None, None], 1.0)
        changed = torch.cat([torch.minimum(some[:, :3] * gain[:, None], some[:, 3:]), some[:, 3:]], 1)
        return replace(pictures, image=pictures.image.index_copy(0, at, changed))


@dataclass(frozen=True)
class Shadow:
    """A soft black shadow of the drawing under it, to one side, with probability p. Before Background; opaque pictures
    cast none, nor do drawings that are not seen on the plain paper: there the shadow would be all that shows.

    What `Background` chooses a colour by stays the mean ink without the shadow. Distances are shares of the side: 1 to
    4 pixels of 64, so that it is seen at the sizes trained here (ours).
    """

    p: float = 0.2
    alpha: float = 0.3
    away: tuple[float, float] = (1 / 64, 4 / 64)
    against: Colour = WHITE
    """the plain paper"""

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        rows = np.flatnonzero(draws.chance("chosen", self.p))
        if not len(rows) or not self.alpha or pictures.image.shape[1] == 3:
            return pictures
        pictures = coloured(pictures)
        drawn = mean_ink(pictures)
        at = torch.from_numpy(rows).to(pictures.image.device)
        paper = drawn.new_tensor(self.against).expand(len(rows), 3)
        casts = visible(select(pictures, at), paper) & ~pictures.opaque[at]
        y, x = pictures.image.shape[2:]
        angle, far = 2 * np.pi * draws.uniform("angle")[rows], max(y, x) * draws.uniform("away", *self.away)[rows]
        some = pictures.image[at]
        before = some[:, 3:]
        moves = [
            _moved(pictures.tensor(far * step), n, pictures.tensor(far))
            for step, n in ((np.sin(angle), y), (np.cos(angle), x))
        ]
        dark = self.alpha * resample(before, *moves) * casts[:, None, None, None]
        changed = torch.cat([some[:, :3], before + (1 - before) * dark], 1)
        return replace(pictures, image=pictures.image.index_copy(0, at, changed), drawn=drawn)


def _moved(shift: Float[Tensor, " b"], size: int, far: Float[Tensor, " b"]) -> Float[Tensor, "b s s"]:
    """Rows that move a line of pixels by `shift` and blur it by half of `far`; what leaves it is lost."""
    at = torch.arange(size, device=shift.device)
    distance = at[:, None] - at - shift[:, None, None]
    sigma = (far / 2).clamp(min=0.5)[:, None, None]
    return torch.exp(-0.5 * (distance / sigma).square()) / (sigma * (2 * np.pi) ** 0.5)
