r"""The siamese network: one tower called twice, on two pictures, and whether they belong together.

    x = d(f(a), f(b)),     L = mean over pairs of the contrastive loss of (x, same)

Bromley et al. 1993 for signatures; Chopra, Hadsell and LeCun 2005 and Hadsell, Chopra and LeCun 2006 for faces and
digits, whose losses `Config.form` names beside the lecture's (losses/metric/contrastive.py). A batch is pairs, row by
row: (a, b, a, b, ...), as the order `Pairs` lays them out.
Departures: vectors are on the unit sphere unless `Free` is asked for. BatchNorms see the first pictures and the second
ones of the pairs apart, since the tower is called twice.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sightline import dist
from sightline.losses.metric.contrastive import Contrastive, Lecture
from sightline.losses.metric.distances import LpDistance
from sightline.losses.weighted import weighted_mean
from sightline.methods.metric.projected import Projected
from sightline.methods.metric.space import Space, Unit, everyones_means
from sightline.protocols import Batch, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """The loss and the space it measures in."""

    form: Contrastive = Lecture()
    """Lecture(margin), Hadsell(margin) or Chopra(bound)"""
    distance: LpDistance = LpDistance()
    """not squared: the form squares it. Chopra's is LpDistance(p=1)"""
    space: Space = Unit()


class Siamese(Projected):
    """A tower and a projection of its vector."""

    def __init__(self, tower: nn.Module, projection: nn.Linear, config: Config = Config()) -> None:
        super().__init__(tower, projection, config)

    def embed_one(self, image: Float[Tensor, "b c y x"]) -> Float[Tensor, "b e"]:
        """The vectors of one side."""
        return self.config.space(self.projected(image))

    def forward(self, batch: Batch) -> Losses:
        """{"pairs"}: pairs of which a picture has no label do not count."""
        a, b = self.embed_one(batch["image"][0::2]), self.embed_one(batch["image"][1::2])
        of_a, of_b = batch["label"][0::2], batch["label"][1::2]
        same, known = of_a == of_b, (of_a >= 0) & (of_b >= 0)
        x = self.config.distance.paired(a, b)
        losses = self.config.form(x, same)
        near, far = known & same, known & ~same
        self.watched = {
            "image": torch.cat([a, b]).detach(),
            **everyones_means(positive=x[near], negative=x[far], active=losses[far] > 0),
        }
        return {"pairs": weighted_mean(losses, known, dist.mean)}

    def check(self, batch_size: int) -> None:
        """ValueError for half a pair."""
        if batch_size % 2:
            raise ValueError(f"a siamese network sees pairs, and {batch_size} pictures are none: set an even batch")
