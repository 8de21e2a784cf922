"""Other colours for a drawing: those that differ still differ, greys and the shape stay."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sightline.data.augment.alpha import coloured
from sightline.data.augment.draws import Draws
from sightline.data.augment.pictures import Pictures

PLANE = np.stack([np.array([2.0, -1.0, -1.0]) / 6**0.5, np.array([0.0, 1.0, -1.0]) / 2**0.5])
"""two unit vectors across the axis of the greys, the first towards red"""


@dataclass(frozen=True)
class Palette:
    """The colour wheel of each chosen picture turned by up to `turn` of a circle, and mirrored one time in two.

    One linear map of RGB a picture that keeps every grey and every mean of the channels. Where a turned colour would
    leave [0, 1], all colours of the picture go towards grey by the one factor (at least 1/2) that brings it back: so
    two colours keep at least half the distance of their hues, and mixed pixels at edges stay the same mixtures. Works
    on transparent and on opaque pictures; before Background it leaves the ground to it.

    Not k-means over the colours, each cluster to a new one: a linear map needs no clusters and cannot tear an
    antialiased edge.
    """

    p: float = 0.5
    turn: float = 0.5
    """of a circle, uniform in +-turn; 0 (which mirrors nothing either) changes nothing"""

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        rows = np.flatnonzero(draws.chance("chosen", self.p))
        if not len(rows) or not self.turn:
            return pictures
        pictures = coloured(pictures)
        at = torch.from_numpy(rows).to(pictures.image.device)
        angle = 2 * np.pi * draws.uniform("turn", -self.turn, self.turn)[rows]
        mirror = np.where(draws.chance("mirror", 0.5)[rows], -1.0, 1.0)
        cosine, sine = np.cos(angle), np.sin(angle)
        turn = np.stack([cosine, -sine * mirror, sine, cosine * mirror], 1).reshape(-1, 2, 2)
        changed = recoloured(pictures.image[at], pictures.tensor(PLANE.T @ turn @ PLANE))
        return replace(pictures, image=pictures.image.index_copy(0, at, changed))


def recoloured(image: Float[Tensor, "b c y x"], matrix: Float[Tensor, "b 3 3"]) -> Float[Tensor, "b c y x"]:
    """Premultiplied RGB(A) with its colour differences mapped by `matrix`, shrunk as little as each picture needs."""
    rgb, top = image[:, :3], image[:, 3:] if image.shape[1] == 4 else torch.ones_like(image[:, :1])
    grey = rgb.mean(1, keepdim=True)
    tint = torch.bmm(matrix, rgb.flatten(2)).view_as(rgb)
    room = torch.where(tint < 0, grey, top - grey).clamp_(min=0)
    # a trace of colour in a trace of ink must not decide for the whole picture
    share = torch.where(tint.abs() > 1 / 255, room / tint.abs().clamp(min=1 / 255), 1.0)
    fit = share.amin((1, 2, 3), keepdim=True).clamp(0.5, 1.0)
    made = torch.minimum((grey + fit * tint).clamp_(min=0), top)
    return torch.cat([made, image[:, 3:]], 1)
