"""Few-shot accuracy of frozen vectors: classes of a few examples each, queries given to the nearest class mean.

Vectors come from an encoder in evaluation mode, so a query is the same alone and among others; support and queries of
an episode are different samples of the same classes. With cosines, vectors and means stand on the unit sphere: the
classifier is then an imprinted one (Qi et al. 2018); with squared Euclidean distances it is a prototypical network's
(Snell et al. 2017). With one shot either is the nearest neighbour.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sightline.data.array import unit
from sightline.data.feed.by_class import ByClass
from sightline.data.feed.labelled import Episodes

Near = Literal["cosine", "euclidean"]
Answer = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""what is shown (ways, shots, d) and queries (q, d) -> the place (q,) of each query's class"""


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

    ValueError as `drawn`.
    """
    return by_mean(vectors, drawn(labels, order, episodes, seed), order, near)


def drawn(labels: np.ndarray, order: Episodes, episodes: int = 1000, seed: int = 0) -> np.ndarray:
    """The samples (episodes, ways * (shots + queries)) of each episode, of those with labels (n,), -1 for none.

    Classes come in turns, and so do their samples: `feed.by_class`. ValueError for more ways than classes of shots +
    queries samples each, or for fewer than two episodes.
    """
    if episodes < 2:
        raise ValueError(f"an interval needs at least 2 episodes, got {episodes}")
    labels = np.asarray(labels, np.int64)
    laid = ByClass(order, labels, source="the test set")
    return laid.look_up(len(labels), seed, np.arange(episodes * order.size)).reshape(episodes, order.size)


def by_mean(vectors: np.ndarray, rows: np.ndarray, order: Episodes, near: Near) -> Accuracy:
    """The accuracy of the nearest class mean on episodes `rows` (as `drawn`) of the samples (n, d)."""
    vectors = np.asarray(vectors, np.float64)
    compared = unit(vectors) if near == "cosine" else vectors
    return scored(compared, rows, order, lambda support, queries: nearest_class(queries, support.mean(1), near))


def scored(vectors: np.ndarray, rows: np.ndarray, order: Episodes, answer: Answer) -> Accuracy:
    """The accuracy of `answer` on episodes `rows` (as `drawn`) of the samples (n, d)."""
    truth = np.repeat(np.arange(order.ways), order.queries)
    right: list[float] = []
    for episode in rows:
        support, queries = np.split(episode, [order.ways * order.shots])
        shown = vectors[support].reshape(order.ways, order.shots, -1)
        right.append(float((answer(shown, vectors[queries]) == truth).mean()))
    return Accuracy(np.array(right), 1 / order.ways)
