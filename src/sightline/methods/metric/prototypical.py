r"""Prototypical networks: a class is the mean of its examples (Snell et al. 2017, https://arxiv.org/abs/1703.05175).

    c_k = mean over the support of class k of f(x)                                           eq. 1
    p(k | x) = softmax_k(-|f(x) - c_k|^2)                                                    eq. 2
    L = -mean over queries of log p(class of x | x)

A batch is one or several episodes, laid out as the order `Episodes` says; support and queries go through the tower in
one forward. -|z - c|^2 = 2 c.z - |c|^2 - |z|^2, so a new class is a row of a linear classifier that nobody trained.
Distances are squared and not divided by the width: their length carries how sure an answer is, in the place of a
temperature. Departures: none; `CosineSimilarity` is matching networks' measure, and wants a `scale`.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.data.feed.labelled import Episodes
from sightline.losses.metric.distances import Distance, LpDistance, apart
from sightline.methods.metric.space import everyones_means
from sightline.protocols import Batch, Kept, Losses

Embedded = tuple[Float[Tensor, "b d"]]


@dataclass(frozen=True, kw_only=True)
class Config:
    """What is near."""

    distance: Distance = LpDistance(power=2.0)
    scale: float = 1.0
    """of the distances in the softmax"""


def prototypes(support: Float[Tensor, "k s d"]) -> Float[Tensor, "k d"]:
    """The mean of each class's examples."""
    return support.mean(1)


def logits(
    queries: Float[Tensor, "q d"], centres: Float[Tensor, "k d"], config: Config = Config()
) -> Float[Tensor, "q k"]:
    """How near each query is to each class, as a softmax takes it."""
    return -config.scale * apart(config.distance, queries, centres)


class Prototypical(nn.Module):
    """A tower; its pooled vector is compared as it comes."""

    needs = frozenset({"image", "label"})
    uses = frozenset[str]()

    def __init__(self, tower: nn.Module, episodes: Episodes, config: Config = Config()) -> None:
        super().__init__()
        self.config, self.episodes = config, episodes
        self.image = tower
        self.watched: dict[str, Tensor] = {}

    def embed(self, batch: Batch) -> Embedded:
        """Vectors of support and queries, in one forward."""
        return (self.image(batch["image"]).pooled,)

    def compare(self, embedded: Embedded, batch: Batch) -> Losses:
        """{"episode"}: the mean over the queries of my episodes; ranks have equally many."""
        o, vectors = self.episodes, embedded[0]
        truth = torch.arange(o.ways, device=vectors.device).repeat_interleave(o.queries)
        answers = torch.stack([self.answers(one) for one in vectors.unflatten(0, (-1, o.size))])
        right = answers.argmax(2) == truth
        self.watched = {"image": vectors.detach()} | everyones_means(accuracy=right)
        return {"episode": F.cross_entropy(answers.flatten(0, 1), truth.repeat(len(answers)))}

    def answers(self, episode: Float[Tensor, "n d"]) -> Float[Tensor, "q k"]:
        """The logits of an episode's queries."""
        o = self.episodes
        support, queries = episode.split([o.ways * o.shots, o.ways * o.queries])
        return logits(queries, prototypes(support.unflatten(0, (o.ways, o.shots))), self.config)

    def forward(self, batch: Batch) -> Losses:
        return self.compare(self.embed(batch), batch)

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing follows."""

    def kept(self) -> Kept:
        """The tower: there is nothing else."""
        return Kept(parts={"image": self.image}, capabilities=("embeds",))
