"""Clustering and density estimation of what is learnt: which pictures an encoder puts together, and which it finds odd.

PCA (Hotelling 1933), k-means (Lloyd 1982; k-means++ starts of Arthur and Vassilvitskii 2007) and a Gaussian mixture
fitted by EM (Dempster, Laird, Rubin 1977), by scikit-learn, all of unit vectors: what counts is the cosine. Nothing
here is scored; it is what the report shows of a space.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from sightline.data.array import unit
from sightline.data.draw import seed_of

CLUSTERS, RESTARTS = 12, 10
CENTRAL = 8
"""pictures shown of a cluster"""
DIMENSIONS = 8
"""of the space a mixture is fitted in: a density of more cannot be told from a few hundred pictures"""
PICTURES = 10
"""at least, for each direction and for each component of a mixture"""
UNLIKELY = 16
FLOOR = 1e-3
"""of the variance in every direction of a component, as a share of the mean variance: no component falls on a point"""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What is learnt of n pictures, by their index."""

    coordinates: np.ndarray
    """(n, 2) float64: along the two directions of greatest variance"""
    explained: tuple[float, float]
    """the share of the variance that each direction holds"""
    cluster: np.ndarray
    """(n,) int64, from 0, the largest cluster first"""
    central: tuple[np.ndarray, ...]
    """of each cluster the pictures nearest to its middle, the medoid first, at most `CENTRAL`"""
    likelihood: np.ndarray
    """(n,) float64: log of the density of each picture under the mixture, in units of the spread of all; 0 where all
    pictures are alike"""
    components: int
    """of the mixture, by the Bayesian information criterion (Schwarz 1978)"""
    unlikely: np.ndarray
    """the least likely pictures, the least likely first, at most `UNLIKELY`; none where all are alike"""


def learnt(vectors: Any, seed: int = 0) -> Learnt:
    """Of vectors (n, d) as an encoder makes them; equal vectors and seed give equal results.

    ValueError for no vector at all, and for a value that is not finite.
    """
    if not len(vectors):
        raise ValueError("nothing can be learnt of no pictures; give vectors (n, d) of at least one")
    rows = unit(vectors).astype(np.float64)
    start = seed_of("learnt", seed) % 2**32
    spread = float(rows.var(axis=0).sum())
    if len(rows) < 2 or spread < 1e-12:
        return _alike(len(rows))
    # sums over threads come in the order the threads end
    with threadpool_limits(1, user_api="openmp"):
        cluster, central = clusters(rows, min(CLUSTERS, max(2, int(np.sqrt(len(rows) / 2)))), start)
        fitted = PCA(min(DIMENSIONS, max(2, len(rows) // PICTURES), *rows.shape), svd_solver="full").fit(rows)
        projected = fitted.transform(rows)
        likelihood, components = _density(projected / np.sqrt(spread / len(rows.T)), start)
    flat = np.zeros((len(rows), 2))
    flat[:, : min(2, projected.shape[1])] = projected[:, :2]
    share = [*fitted.explained_variance_ratio_.tolist(), 0.0]
    return Learnt(
        flat,
        (share[0], share[1]),
        cluster,
        central,
        likelihood,
        components,
        np.argsort(likelihood, kind="stable")[:UNLIKELY],
    )


def clusters(rows: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """k-means of unit rows (n, d): the cluster of each, largest first, and the most central of each cluster.

    Fewer than k where fewer rows differ.
    """
    k = min(k, len(np.unique(rows.round(9), axis=0)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # rows that differ by rounding alone
        fitted = KMeans(k, n_init=RESTARTS, random_state=seed).fit(rows)  # pyright: ignore[reportArgumentType]
    found = np.asarray(fitted.labels_)
    used, first, sizes = np.unique(found, return_index=True, return_counts=True)
    order = used[np.lexsort((first, -sizes))]
    away = np.linalg.norm(rows - fitted.cluster_centers_[found], axis=1)
    members = [np.flatnonzero(found == c) for c in order]
    central = tuple(m[np.argsort(away[m], kind="stable")[:CENTRAL]] for m in members)
    renamed = np.zeros(len(rows), np.int64)
    for number, some in enumerate(members):
        renamed[some] = number
    return renamed, central


def _density(rows: np.ndarray, seed: int) -> tuple[np.ndarray, int]:
    """Log densities (n,) under the mixture of the least BIC, and its number of components."""
    most = max(1, len(rows) // (PICTURES * rows.shape[1]))
    tried = []
    for count in sorted({min(c, most) for c in (1, 2, 4, 8)}):
        mixture = GaussianMixture(count, reg_covar=FLOOR, random_state=seed, n_init=2, max_iter=200)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the best of 200 steps does as well
            tried.append((float(mixture.fit(rows).bic(rows)), count, mixture))
    _, count, best = min(tried, key=lambda found: found[:2])
    return best.score_samples(rows), count


def _alike(n: int) -> Learnt:
    nothing = np.zeros(0, np.int64)
    return Learnt(
        np.zeros((n, 2)), (0.0, 0.0), np.zeros(n, np.int64), (np.arange(min(n, CENTRAL)),), np.zeros(n), 1, nothing
    )
