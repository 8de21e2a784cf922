r"""What is near in a space: votes of neighbours, retrieval of the same, hubs. Ties count by what chance makes of them.

kNN          votes_c = sum over the k nearest of exp((s_i - s_1) / T) [y_i = c],  k = 20, T = 0.07  (Wu et al. 2018)
mAP@R        1/R sum_{i <= R} P(i) rel(i),  R the number of right candidates  (Musgrave, Belongie, Lim 2020, eq. 3)
hubness      skewness of how often each picture is among the 10 nearest of the others  (Radovanovic et al. 2010)

Candidates at one distance are taken in every order, each as likely: votes at the edge of the k are shared, and mAP@R is
its expected value. So neither the order of the candidates nor a constant encoder gains anything.
"""

import numpy as np

from sightline.data.array import unit

DIGITS = 12
"""of a cosine in float64; the vectors are float32, so equal ones differ by less"""
LEVEL = 1e-9
"""two votes that differ by less than this share of the greatest are equal"""


def cosines(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Float64 (n, m) of vectors (n, d) and (m, d); equal vectors give equal numbers."""
    return (unit(rows).astype(np.float64) @ unit(others).astype(np.float64).T).round(DIGITS)


def vote(similarity: np.ndarray, answers: np.ndarray, parts: tuple[slice, ...], *, k: int, t: float) -> np.ndarray:
    """The share (n, c) with which each class is the answer to its question: votes of similarity (n, m) to pictures with
    answers (m, c); 1 for the class with most votes of its part, shared where several have as many."""
    edge = np.partition(similarity, -k, axis=1)[:, -k, None]
    above, level = similarity > edge, similarity == edge
    share = above + level * ((k - above.sum(axis=1, keepdims=True)) / level.sum(axis=1, keepdims=True))
    weights = share * np.exp((similarity - similarity.max(axis=1, keepdims=True)) / t)
    votes = weights @ answers.astype(np.float64)
    for part in parts:
        most = votes[:, part].max(axis=1, keepdims=True)
        best = votes[:, part] >= most * (1 - LEVEL)
        votes[:, part] = best / best.sum(axis=1, keepdims=True)
    return votes


def right_of(given: np.ndarray, right: np.ndarray, parts: tuple[slice, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Hits (n, parts) of answers given (n, c) against right ones (n, c) bool; and their chance (parts,): what the same
    answers get when they are dealt to the rows in any order."""
    hits = np.stack([(given[:, part] * right[:, part]).sum(axis=1) for part in parts], axis=1)
    luck = [float(given[:, part].mean(axis=0) @ right[:, part].mean(axis=0)) for part in parts]
    return hits, np.array(luck)


def retrieved(similarity: np.ndarray, relevant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """mAP@R and R@1 (q,) of similarity (q, m) and what is right (q, m) bool, at least one a row; -inf is no candidate.

    Both are expected values over all orders of candidates that are equally near.
    """
    found = np.array([_row(scores, right) for scores, right in zip(similarity, relevant, strict=True)])
    return found[:, 0], found[:, 1]


def _row(scores: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    order = np.argsort(-scores, kind="stable")
    order = order[np.isfinite(scores[order])]
    ranked, hit = scores[order], right[order].astype(np.float64)
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    sizes, inside = np.diff(np.r_[starts, len(ranked)]), np.add.reduceat(hit, starts)
    before = np.cumsum(inside) - inside
    total = int(hit.sum())
    group = np.repeat(np.arange(len(starts)), sizes)[:total]
    place = np.arange(1, total + 1)
    # of a group of t with r right ones the j-th is right with r / t, and then (j - 1)(r - 1) / (t - 1) are before it
    t, r, j = sizes[group], inside[group], place - starts[group]
    ahead = before[group] + (j - 1) * (r - 1) / np.maximum(t - 1, 1)
    precision = (r / t) * (ahead + 1) / place
    return float(precision.sum() / total), float(inside[0] / sizes[0])


def occurrence(similarity: np.ndarray, k: int) -> np.ndarray:
    """(n,): how often each of n pictures is among the k nearest of another, of similarity (n, n); ties share."""
    others = similarity.copy()
    np.fill_diagonal(others, -np.inf)
    edge = np.partition(others, -k, axis=1)[:, -k, None]
    above, level = others > edge, others == edge
    return (above + level * ((k - above.sum(axis=1, keepdims=True)) / level.sum(axis=1, keepdims=True))).sum(axis=0)
