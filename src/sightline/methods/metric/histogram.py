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
from sightline.nn.head import unit
from sightline.protocols import Batch, Kept, Losses

Embedded = tuple[Float[Tensor, "b e"]]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method."""

    bins: int = 100
    """R; 100 to 150 in the paper"""


class Histogram(nn.Module):
    """A tower and a projection of its vector."""

    needs = frozenset({"image", "label"})
    uses = frozenset[str]()

    def __init__(self, tower: nn.Module, projection: nn.Linear, config: Config = Config()) -> None:
        super().__init__()
        self.config = config
        self.image, self.project_image = tower, projection
        self.watched: dict[str, Tensor] = {}

    def embed(self, batch: Batch) -> Embedded:
        """Unit vectors of my pictures."""
        return (unit(self.project_image(self.image(batch["image"]).pooled)),)

    def compare(self, embedded: Embedded, batch: Batch) -> Losses:
        """{"histogram"}: the loss of the whole batch, the same on every rank."""
        self.watched = {"image": embedded[0].detach()}
        return {"histogram": histogram(dist.gather(embedded[0]), dist.gather(batch["label"]), self.config.bins)}

    def forward(self, batch: Batch) -> Losses:
        return self.compare(self.embed(batch), batch)

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing follows."""

    def kept(self) -> Kept:
        """The tower and its projection."""
        return Kept(parts={"image": self.image, "project_image": self.project_image}, capabilities=("embeds",))
