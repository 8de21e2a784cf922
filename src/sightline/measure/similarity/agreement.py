r"""Does a space agree with what is known: its clusters with classes, its distances with how much two pictures share?

AMI        (MI - E MI) / (mean(H(U), H(V)) - E MI)  of classes and clusters (Vinh, Epps, Bailey 2010), by scikit-learn
Spearman   of the cosines of a picture to all others with how similar they are by their factors; the mean over pictures
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import adjusted_mutual_info_score
from threadpoolctl import threadpool_limits

from sightline.data.array import unit
from sightline.data.draw import seed_of
from sightline.measure.density.content import principal
from sightline.measure.finding import COSTLY
from sightline.measure.similarity.learnt import clusters

WIDTH = 128
"""principal components that are clustered"""
DIGITS = 6
"""of a cosine that is ranked: what float32 vectors can hold"""


@dataclass(frozen=True, eq=False)
class OfDistinct:
    """function(index) of distinct items, which repeats would mislead: two of one item always agree.

    Of items drawn again those that differ are taken, 1 - 1/e of n, and what they deviate from all is scaled as samples
    without replacement are: by sqrt(f / (1 - f)) at a share f (Politis and Romano 1994).
    """

    n: int
    function: Callable[[np.ndarray], float]

    def over(self, counts: np.ndarray) -> np.ndarray:
        if counts.max(initial=0) <= 1:
            return np.array([self.function(np.flatnonzero(row)) for row in counts])
        whole = self.function(np.arange(self.n))
        few = [np.flatnonzero(row) for row in counts[:COSTLY]]
        wider = [np.sqrt(len(i) / max(1, self.n - len(i))) for i in few]
        made = [whole + w * (self.function(i) - whole) for i, w in zip(few, wider, strict=True)]
        return np.resize(made, len(counts))


def ami(classes: np.ndarray, found: np.ndarray) -> float:
    """Adjusted mutual information of two labellings (n,); NaN where there is one class, of which nothing can be told.

    0 for one cluster of several classes, and in the mean over random labellings; 1 where they are the same.
    """
    if len(np.unique(classes)) < 2:
        return float("nan")
    return float(adjusted_mutual_info_score(classes, found))


def clustered(vectors: np.ndarray, k: int) -> np.ndarray:
    """Clusters (n,) of unit vectors (n, d) by k-means with 10 restarts: on unit vectors the nearest middle in distance
    is nearly that in cosine."""
    rows = unit(vectors).astype(np.float64)
    axes = principal(rows, WIDTH)
    if not axes.shape[1]:
        return np.zeros(len(rows), np.int64)
    with threadpool_limits(1, user_api="openmp"):  # sums over threads come in the order the threads end
        return clusters((rows - rows.mean(axis=0)) @ axes, k, seed_of("similarity", k) % 2**32)[0]


def spearman(similarity: np.ndarray, graded: np.ndarray) -> np.ndarray:
    """(n,): of each row the rank correlation of similarity (n, n) with graded (n, n), the picture itself left out.

    Equal values have their middle rank (scipy.stats.spearmanr); a row in which all are equal agrees with nothing: 0.
    """
    n = len(similarity)
    off = ~np.eye(n, dtype=bool)
    ranks = [rankdata(m.round(DIGITS)[off].reshape(n, n - 1), axis=1) for m in (similarity, graded)]
    one, other = (r - r.mean(axis=1, keepdims=True) for r in ranks)
    scale = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    return np.divide((one * other).sum(axis=1), scale, out=np.zeros(n), where=scale > 0)


def shared(sets: list[tuple[set[str], ...]]) -> np.ndarray:
    """(n, n): how much two pictures share, the mean over questions of |a and b| / |a or b| of their answers."""
    whole = np.zeros((len(sets), len(sets)))
    for number in range(len(sets[0])):
        words = sorted({word for row in sets for word in row[number]})
        hot = np.array([[word in row[number] for word in words] for row in sets], np.float64)
        both = hot @ hot.T
        each = hot.sum(axis=1)
        whole += both / np.maximum(each[:, None] + each[None] - both, 1)
    return whole / len(sets[0])


def embedded(graded: np.ndarray) -> np.ndarray:
    """Vectors (n, n) float32 whose cosines are graded (n, n): the shares above are a kernel (Gower 1971), with 1 of a
    picture with itself."""
    values, axes = np.linalg.eigh(graded)
    return (axes * np.sqrt(np.maximum(values, 0))).astype(np.float32)
