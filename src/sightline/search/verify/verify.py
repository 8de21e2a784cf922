"""Pairs judged by an encoder: the score of a pair is the cosine of its two vectors."""

from dataclasses import dataclass

import numpy as np

from sightline.probes.verification import Curve, Folds, accuracy, best_threshold, by_folds, dealt, roc
from sightline.search.embed import rows
from sightline.search.fill.fill import Progress
from sightline.search.query import Embedder
from sightline.search.verify.pair import Numbered, Pairs


@dataclass(frozen=True)
class Judged:
    """Pairs with their scores."""

    scores: np.ndarray
    """(n,) float64"""
    same: np.ndarray
    """(n,) bool"""
    fold: np.ndarray | None
    """(n,); None where nobody has dealt them"""
    bad: dict[str, str]
    """pictures that could not be used, and why"""
    lost: int
    """pairs left out for them"""
    shared: int
    """pictures that stand in more than one fold"""


@dataclass(frozen=True)
class Verified:
    """What the scores are worth."""

    curve: Curve
    folds: Folds | None
    """None where another set chose the threshold"""
    threshold: float
    """the best of all pairs: for use on other pictures"""
    chosen: tuple[float, float] | None = None
    """threshold that another set chose, and its accuracy here"""


def judge(encoder: Embedder, pairs: Pairs, progress: Progress | None = None) -> Judged:
    """Every pair's score. Each picture is embedded once; pairs of those that cannot be read are left out.

    Raises ValueError where none is left.
    """
    places = np.unique(np.concatenate([pairs.left, pairs.right]))
    numbered = Numbered(pairs.source, places)
    lost: dict[str, str] = {}
    vector: dict[int, np.ndarray] = {}
    for some in rows(encoder, numbered, bad=lost, progress=progress):
        vector.update(zip(map(int, some.key), some.vector, strict=True))
    bad = {numbered.called.get(key, key): reason for key, reason in lost.items()}
    there = np.array([a in vector and b in vector for a, b in _both(pairs)], bool)
    if not there.any():
        reasons = "; ".join(f"{key}: {reason}" for key, reason in list(bad.items())[:3])
        raise ValueError(f"no pair of {pairs.source.name} is left: its pictures could not be used ({reasons})")
    scores = [float(np.dot(vector[a], vector[b])) for (a, b), kept in zip(_both(pairs), there, strict=True) if kept]
    fold = None if pairs.fold is None else pairs.fold[there]
    shared = 0
    if fold is not None:
        beside = zip(fold.tolist(), pairs.left[there].tolist(), pairs.right[there].tolist(), strict=True)
        stands = {(place, number) for number, *two in beside for place in two}
        shared = len(stands) - len({place for place, _ in stands})
    return Judged(np.array(scores), pairs.same[there], fold, bad, int((~there).sum()), shared)


def verify(judged: Judged, folds: int = 10, seed: int = 0, chosen_on: Judged | None = None) -> Verified:
    """Accuracy by folds, those of the pairs or else `folds` dealt by the seed; or, where `chosen_on` is given, by the
    best threshold of those other pairs. Raises ValueError where a kind of pair is missing."""
    curve, threshold = roc(judged.scores, judged.same), best_threshold(judged.scores, judged.same)
    if chosen_on is not None:
        other = best_threshold(chosen_on.scores, chosen_on.same)
        return Verified(curve, None, threshold, (other, accuracy(judged.scores, judged.same, other)))
    fold = dealt(judged.same, folds, seed) if judged.fold is None else judged.fold
    return Verified(curve, by_folds(judged.scores, judged.same, fold), threshold)


def _both(pairs: Pairs) -> list[tuple[int, int]]:
    return list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
