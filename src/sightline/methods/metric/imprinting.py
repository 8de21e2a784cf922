r"""A cosine classifier whose classes can be added without training: weights imprinted from a few examples.

    p(k | x) = softmax_k( s f(x) . w_k ),     |f| = |w_k| = 1, s learnt
    a new class:  w = unit( mean over its examples of unit(f(x)) )

Qi, Brown and Lowe 2018 (https://arxiv.org/abs/1712.07136, eqs. 2 to 4). The lecture writes tau for s, which multiplies;
s starts at 10 (Gidaris and Komodakis 2018, https://arxiv.org/abs/1804.09458). There is no bias, and the tower's last
vector passes a linear map, so that it has no ReLU at its end. `Generated` learns to make the new weights instead:

    w = phi_avg * z_avg + phi_att * w_att,      z_avg the mean of the examples' unit vectors                eqs. 6, 7
    w_att = mean over examples i of sum_b softmax_b( gamma cos(phi_q z_i, k_b) ) w_b

by playing, in episodes, that base classes are new: their weights are made from the support and their own left out.
Departures: log s is what is learnt; of an episode's classes the first `novel` are played as new, and the queries of the
others, with their own weights, stand for the base classes.
"""

from dataclasses import dataclass
from math import log

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sightline import dist
from sightline.data.feed.labelled import Episodes
from sightline.losses.classes import class_errors
from sightline.losses.weighted import weighted_mean
from sightline.methods.metric.projected import Projected
from sightline.methods.metric.space import everyones_means
from sightline.methods.parts.classes import two_or_more
from sightline.nn.head import Projection, unit
from sightline.nn.tag import tag
from sightline.protocols import Batch, Kept, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method."""

    scale: float = 10.0
    """s at the start"""
    novel: int = 0
    """of `Generated`: how many of an episode's classes are played as new; 0 is half of them"""

    def __post_init__(self) -> None:
        if self.scale <= 0 or self.novel < 0:
            raise ValueError(f"scale must be above 0 and novel at least 0; got {self.scale} and {self.novel}")


def imprinted(vectors: Float[Tensor, "n d"], classes: Int[Tensor, "n"], count: int) -> Float[Tensor, "k d"]:
    """Unit weights of `count` classes from any vectors of them: the mean of unit vectors, on the sphere again. Several
    crops of an example are several vectors. ValueError for a class without one."""
    missing = sorted({*range(count)} - {*classes.tolist()})
    if missing:
        raise ValueError(
            f"class {missing[0]} of {count} has no example to be imprinted from: give one, or leave it out"
        )
    sums = vectors.new_zeros(count, vectors.shape[1]).index_add(0, classes, unit(vectors).to(vectors.dtype))
    return unit(sums)


class Imprinting(Projected):
    """A tower, a projection, and `classes`, whose rows are the weights of the base classes."""

    def __init__(self, tower: nn.Module, projection: nn.Linear, classes: int, config: Config = Config()) -> None:
        """ValueError for fewer than two classes."""
        super().__init__(tower, projection, config)
        two_or_more(classes)
        self.classes = Projection(projection.out_features, classes)
        self.log_scale = tag(nn.Parameter(torch.tensor(log(config.scale))), "no_decay")

    def embed(self, batch: Batch) -> Float[Tensor, "b e"]:
        """Unit vectors of my pictures."""
        return unit(self.projected(batch["image"]))

    def logits(self, vectors: Float[Tensor, "b e"], weights: Float[Tensor, "k e"]) -> Float[Tensor, "b k"]:
        """s times the cosines; weights are put on the sphere here, never in place."""
        with torch.autocast(vectors.device.type, enabled=False):
            return self.log_scale.exp() * vectors @ unit(weights).to(vectors.dtype).T

    def forward(self, batch: Batch) -> Losses:
        """{"class"}: pictures without a label are left out."""
        vectors = self.embed(batch)
        return {"class": self.judged(vectors, self.logits(vectors, self.classes.weight), batch["label"])}

    def judged(
        self, vectors: Float[Tensor, "b e"], answers: Float[Tensor, "b k"], label: Int[Tensor, "b"]
    ) -> Float[Tensor, ""]:
        """The cross-entropy; the mean over ranks is that of the whole batch."""
        errors, known = class_errors(answers, label)
        right = (answers.argmax(1) == label)[known]
        self.watched = {"image": vectors.detach()} | everyones_means(accuracy=right)
        return weighted_mean(errors, known, dist.mean)

    def kept(self) -> Kept:
        """The tower, its projection, the weights of the base classes and their scale."""
        parts = {name: getattr(self, name) for name in ("image", "project_image", "classes")}
        return Kept(parts=parts, scalars={"log_scale": self.log_scale}, capabilities=("embeds",))


class WeightGenerator(nn.Module):
    """Makes the weights of new classes from their examples and the base classes' weights."""

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.average, self.attention = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.ones(dim) * 0.1)
        self.query = nn.Linear(dim, dim, bias=False)
        nn.init.eye_(self.query.weight)
        self.keys = nn.Parameter(torch.randn(classes, dim) * dim**-0.5)
        self.log_gamma = tag(nn.Parameter(torch.tensor(log(10.0))), "no_decay")

    def forward(
        self, support: Float[Tensor, "k s d"], base: Float[Tensor, "n d"], known: Int[Tensor, "m"]
    ) -> Float[Tensor, "k d"]:
        """Of k classes with s unit vectors each, looking at the `known` rows of the base weights."""
        query = unit(self.query(support.flatten(0, 1)))
        looks = (self.log_gamma.exp() * query @ unit(self.keys[known]).to(query.dtype).T).softmax(1)
        attended = (looks @ unit(base[known]).to(looks.dtype)).unflatten(0, support.shape[:2]).mean(1)
        return self.average * support.mean(1) + self.attention * attended


class Generated(Imprinting):
    """The second phase: tower and projection stay, base weights and the generator learn, in episodes."""

    frozen = ("image", "project_image")

    def __init__(
        self, tower: nn.Module, projection: nn.Linear, classes: int, episodes: Episodes, config: Config = Config()
    ) -> None:
        super().__init__(tower, projection, classes, config)
        self.episodes, self.generator = episodes, WeightGenerator(projection.out_features, classes)
        self.novel = config.novel or episodes.ways // 2
        if self.novel >= episodes.ways:
            raise ValueError(f"method.novel={self.novel} leaves no base class of the {episodes.ways} of an episode")

    def forward(self, batch: Batch) -> Losses:
        """{"class"}: all queries against all base classes, of which those played as new have made weights."""
        o, vectors, labels = self.episodes, self.embed(batch), batch["label"]
        parts = zip(vectors.unflatten(0, (-1, o.size)), labels.unflatten(0, (-1, o.size)), strict=True)
        asked = [self.asked(one, of) for one, of in parts]
        answers, truth, queries = (torch.cat(part) for part in zip(*asked, strict=True))
        return {"class": self.judged(queries, answers, truth)}

    def asked(self, episode: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(logits, labels, vectors) of the queries of one episode."""
        o, base = self.episodes, self.classes.weight
        support = episode[: o.ways * o.shots].unflatten(0, (o.ways, o.shots))[: self.novel]
        novel = labels[: self.novel * o.shots : o.shots]
        rest = torch.ones(len(base), dtype=torch.bool, device=labels.device).index_fill(0, novel, False).nonzero()[:, 0]
        made = self.generator(support, base, rest)
        weights = unit(base).index_copy(0, novel, unit(made).to(base.dtype))
        queries = episode[o.ways * o.shots :]
        return self.logits(queries, weights), labels[o.ways * o.shots :], queries
