r"""The triplet loss: an anchor is nearer to its positive than to its negative (Wang et al. 2014; FaceNet, 2015).

    L = reduce over mined (a, p, n) of [m + d(a, p) - d(a, n)]_+

Distances, mining and reduction are three functions in a row, each a part of `Config` (losses/metric). FaceNet (Schroff
et al. 2015, https://arxiv.org/abs/1503.03832) has squared distances on the unit sphere, m = 0.2 and semi-hard
negatives; Hermans et al. 2017 (https://arxiv.org/abs/1703.07737) plain distances of free vectors, batch-hard, and the
soft margin. Anchors are compared with everyone's vectors, gathered with gradient.
Departures: none in the equations; FaceNet's batch has about 40 pictures of some identities and others at random, ours
is PK.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from sightline import dist
from sightline.losses.metric.distances import Distance, LpDistance
from sightline.losses.metric.mining import Mining
from sightline.losses.metric.reduction import MeanReducer, Reducer
from sightline.losses.metric.triplet import Hinge, Violation, at_one_point, mined
from sightline.methods.metric.projected import Projected
from sightline.methods.metric.space import Space, Unit, everyones_means
from sightline.protocols import Batch, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method, FaceNet's by default."""

    distance: Distance = LpDistance(power=2.0)
    mining: Mining = "semihard"
    violation: Violation = Hinge(margin=0.2)
    """Hinge(margin), SoftMargin(margin) or PairHinge(margin); mining has the same margin"""
    reducer: Reducer = MeanReducer()
    space: Space = Unit()

    def __post_init__(self) -> None:
        if self.mining == "semihard" and self.violation.margin <= 0:
            raise ValueError(
                f"semihard negatives lie within the margin, and {self.violation} has none: take "
                "method.mining=batch_hard, or give it a margin"
            )


class Triplet(Projected):
    """A tower and a projection of its vector."""

    def __init__(self, tower: nn.Module, projection: nn.Linear, config: Config = Config()) -> None:
        super().__init__(tower, projection, config)
        self.collapsed = at_one_point(config.violation)

    def embed(self, batch: Batch) -> tuple[Float[Tensor, "b e"]]:
        """The vectors of my pictures."""
        return (self.config.space(self.projected(batch["image"])),)

    def compare(self, embedded: tuple[Float[Tensor, "b e"]], batch: Batch) -> Losses:
        """{"triplet"}: my anchors among everyone's; the mean over ranks is the loss of the whole batch."""
        c, (x,), labels = self.config, embedded, batch["label"]
        anchors, near, far = mined(
            x,
            labels,
            distance=c.distance,
            mining=c.mining,
            margin=c.violation.margin,
            first=dist.offset(len(x)),
            x_all=dist.gather(x),
            labels_all=dist.gather(labels),
        )
        losses = c.violation(near, far)
        loss = c.reducer(losses, anchors, labels, dist.total)
        means = everyones_means(typical=losses, positive=near, negative=far, active=losses > 0)
        self.watched = {"image": x.detach(), "margin_gap": (means.pop("typical") - self.collapsed).abs(), **means}
        return {"triplet": loss}

    def forward(self, batch: Batch) -> Losses:
        return self.compare(self.embed(batch), batch)
