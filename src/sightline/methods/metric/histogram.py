r"""The histogram loss: the similarities of pairs of one class and of two are two distributions, which are drawn apart.

    L = sum_r h-_r sum_{q <= r} h+_q

Ustinova and Lempitsky 2016 (https://arxiv.org/abs/1611.00822); losses/metric/histogram.py. No margin and no mining:
`bins` is its one number. Every rank computes the loss of everyone's vectors.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from sightline import dist
from sightline.losses.metric.histogram import histogram
from sightline.methods.metric.projected import Projected
from sightline.nn.head import unit
from sightline.protocols import Batch, Losses

Embedded = tuple[Float[Tensor, "b e"]]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method."""

    bins: int = 100
    """R; 100 to 150 in the paper"""


class Histogram(Projected):
    """A tower and a projection of its vector."""

    def __init__(self, tower: nn.Module, projection: nn.Linear, config: Config = Config()) -> None:
        super().__init__(tower, projection, config)

    def embed(self, batch: Batch) -> Embedded:
        """Unit vectors of my pictures."""
        return (unit(self.projected(batch["image"])),)

    def compare(self, embedded: Embedded, batch: Batch) -> Losses:
        """{"histogram"}: the loss of the whole batch, the same on every rank."""
        self.watched = {"image": embedded[0].detach()}
        return {"histogram": histogram(dist.gather(embedded[0]), dist.gather(batch["label"]), self.config.bins)}

    def forward(self, batch: Batch) -> Losses:
        return self.compare(self.embed(batch), batch)
