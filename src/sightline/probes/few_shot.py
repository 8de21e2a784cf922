"""Few-shot accuracy of frozen vectors: classes of a few examples each, queries given to the nearest class mean.

Vectors come from an encoder in evaluation mode, so a query is the same alone and among others; support and queries of
an episode are different samples of the same classes. With cosines, vectors and means stand on the unit sphere: the
classifier is then an imprinted one (Qi et al. 2018); with squared Euclidean distances it is a prototypical network's
(Snell et al. 2017). With one shot either is the nearest neighbour.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sightline.data.array import unit
from sightline.data.feed.by_class import ByClass
from sightline.data.feed.labelled import Episodes

Near = Literal["cosine", "euclidean"]


@dataclass(frozen=True)
class Accuracy:
    """Of many episodes."""

    values: np.ndarray
    """(episodes,)"""
    chance: float

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def half(self) -> float:
        """Half of the 95 % interval of the mean, 1.96 standard errors over episodes."""
        return float(1.96 * self.values.std(ddof=1) / np.sqrt(len(self.values)))


def nearest_class(queries: np.ndarray, centres: np.ndarray, near: Near) -> np.ndarray:
    """The place of each query's (q, d) nearest class mean (k, d); the first of equals."""
    if near == "cosine":
        queries, centres = unit(queries), unit(centres)
    # |z|^2 is the same for all classes
    return (2 * queries @ centres.T - np.square(centres).sum(1)).argmax(1)


def few_shot(
    vectors: np.ndarray,
    labels: np.ndarray,
    order: Episodes,
    *,
    near: Near = "euclidean",
    episodes: int = 1000,
    seed: int = 0,
) -> Accuracy:
    """Accuracy of `episodes` episodes of `order` among samples (n, d) with labels (n,), -1 for none.

    Classes come in turns, and so do their samples: `feed.by_class`. ValueError for more ways than classes of shots +
    queries samples each, or for fewer than two episodes.
    """
    if episodes < 2:
        raise ValueError(f"an interval needs at least 2 episodes, got {episodes}")
    vectors, labels = np.asarray(vectors, np.float64), np.asarray(labels, np.int64)
    laid = ByClass(order, labels, source="the test set")
    rows = laid.look_up(len(labels), seed, np.arange(episodes * order.size)).reshape(episodes, order.size)
    truth = np.repeat(np.arange(order.ways), order.queries)
    compared = unit(vectors) if near == "cosine" else vectors
    right = []
    for episode in rows:
        support, queries = np.split(episode, [order.ways * order.shots])
        centres = compared[support].reshape(order.ways, order.shots, -1).mean(1)
        right.append((nearest_class(compared[queries], centres, near) == truth).mean())
    return Accuracy(np.array(right), 1 / order.ways)
