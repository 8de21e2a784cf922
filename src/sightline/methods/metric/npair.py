r"""The N-pair loss: a positive is told from the positives of all other classes of the batch (Sohn 2016, eq. 7).

    L = 1/N sum_i -log softmax_j(f_i . f_j+)_i  +  lambda/N sum |f|^2

N classes with two pictures each, (anchor, positive, anchor, positive, ...): the order PK with `samples=2`. Vectors are
as long as they come; across ranks everyone's positives are negatives, gathered with gradient.
Departures: classes are drawn in turns, not by hard negative class mining.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from sightline import dist
from sightline.losses.metric.npair import n_pair, squared_norms
from sightline.methods.metric.projected import Projected
from sightline.methods.metric.space import Free, everyones_means
from sightline.protocols import Batch, Losses

Embedded = tuple[Float[Tensor, "b e"]]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method."""

    norms: float = 2e-3
    """lambda: without it vectors grow as long as the softmax likes"""


class NPair(Projected):
    """A tower and a projection of its vector."""

    def __init__(self, tower: nn.Module, projection: nn.Linear, config: Config = Config()) -> None:
        super().__init__(tower, projection, config)

    def embed(self, batch: Batch) -> Embedded:
        """The vectors of my pictures, pair by pair."""
        return (Free()(self.projected(batch["image"])),)

    def compare(self, embedded: Embedded, batch: Batch) -> Losses:
        """{"npair", "norms"}: my anchors against everyone's positives; the mean over ranks is the batch's."""
        anchors, positives = embedded[0][0::2], embedded[0][1::2]
        self.watched = {"image": embedded[0].detach()} | everyones_means(norm=embedded[0].norm(dim=1))
        loss = n_pair(
            anchors, positives, first=dist.offset(len(anchors)), positives_all=dist.gather(positives.contiguous())
        )
        return {"npair": loss, "norms": self.config.norms * squared_norms(anchors, positives)}

    def forward(self, batch: Batch) -> Losses:
        return self.compare(self.embed(batch), batch)
