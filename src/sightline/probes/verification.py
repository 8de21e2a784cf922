"""Verification: do two pictures show the same? A pair is accepted where its score reaches a threshold.

    FAR(t) = share of different pairs with score >= t       (false accepts)
    TAR(t) = share of same pairs with score >= t            (true accepts; 1 - TAR are false rejects)
    EER    = FAR where FAR = 1 - TAR, on the straight lines between the points of the ROC
    AUC    = P(same > different) + P(same = different) / 2

Accuracy by folds as Huang et al. 2007 (Labeled Faces in the Wild, section III) report it: the threshold of a fold is
the best of all the others, and never saw it.  mu = mean_i p_i,  S_E = sigma / sqrt(10),  sigma with 9 below it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sightline.data.array import to_numpy
from sightline.data.draw import seed_of


@dataclass(frozen=True)
class Curve:
    """The ROC: a point for each distinct score, from the strictest threshold (inf: nothing is accepted) down."""

    thresholds: np.ndarray
    """(p,) descending"""
    far: np.ndarray
    """(p,) from 0 to 1"""
    tar: np.ndarray
    """(p,) from 0 to 1"""

    @cached_property
    def auc(self) -> float:
        """Area below the curve; a score that both kinds have counts half."""
        return float((np.diff(self.far) * (self.tar[1:] + self.tar[:-1]) / 2).sum())

    @cached_property
    def eer(self) -> float:
        """Equal error rate: where as many different pairs are accepted as same ones rejected."""
        above = self.far + self.tar - 1
        last = int(np.argmax(above >= 0))
        first = last - 1
        share = -above[first] / (above[last] - above[first])
        return float(self.far[first] + share * (self.far[last] - self.far[first]))

    def at(self, far: float) -> tuple[float, float]:
        """(threshold, TAR) of the most that is accepted while at most the share `far` of different pairs is.

        The threshold is finite: where nothing may be accepted it stands just above the greatest score.
        """
        place = int(np.flatnonzero(self.far <= far)[-1])
        threshold = self.thresholds[place] if place else np.nextafter(self.thresholds[1], np.inf)
        return float(threshold), float(self.tar[place])


@dataclass(frozen=True)
class Fold:
    """One part of the pairs, judged by a threshold that the others chose."""

    threshold: float
    accuracy: float
    pairs: int


@dataclass(frozen=True)
class Folds:
    """All parts."""

    folds: tuple[Fold, ...]

    @property
    def mean(self) -> float:
        """Of the folds' accuracies, each counted once."""
        return float(np.mean([fold.accuracy for fold in self.folds]))

    @property
    def error(self) -> float:
        """Standard error of that mean."""
        return float(np.std([fold.accuracy for fold in self.folds], ddof=1) / np.sqrt(len(self.folds)))


def roc(scores: np.ndarray, same: np.ndarray) -> Curve:
    """The curve of `scores` (n,) of pairs that are of one kind where `same` (n,) bool.

    Raises ValueError where there is no pair of one of the two kinds, or a score is not finite.
    """
    scores, same = _pairs(scores, same)
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], same[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    return Curve(
        np.append(np.inf, ranked[ends]),
        np.append(0.0, np.cumsum(~hits)[ends] / (~same).sum()),
        np.append(0.0, np.cumsum(hits)[ends] / same.sum()),
    )


def best_threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """The threshold of the greatest accuracy on these pairs (n,), midway between two scores; the strictest of equals.

    Raises ValueError as `roc`.
    """
    scores, same = _pairs(scores, same)
    curve = roc(scores, same)
    right = curve.tar * same.sum() + (1 - curve.far) * (~same).sum()
    # equal counts may differ in their last bit
    place = int(np.argmax(np.round(right)))
    if place == 0:
        return float(np.nextafter(scores.max(), np.inf))
    least = curve.thresholds[place]
    if place + 1 == len(curve.thresholds):
        return float(least)
    middle = (least + curve.thresholds[place + 1]) / 2
    return float(middle if middle > curve.thresholds[place + 1] else least)


def accuracy(scores: np.ndarray, same: np.ndarray, threshold: float) -> float:
    """Share of pairs (n,) that `threshold` judges rightly."""
    return float(((to_numpy(scores) >= threshold) == to_numpy(same).astype(bool)).mean())


def by_folds(scores: np.ndarray, same: np.ndarray, fold: np.ndarray) -> Folds:
    """Each of the parts that `fold` (n,) names, judged by the best threshold of all the others.

    Raises ValueError for fewer than two parts, and where the others of one hold a single kind of pair.
    """
    scores, same = _pairs(scores, same)
    names = np.unique(fold)
    if len(names) < 2:
        raise ValueError("a threshold is chosen on some folds and reported on another: expected at least 2 folds")
    found: list[Fold] = []
    for name in names:
        held = fold == name
        threshold = best_threshold(scores[~held], same[~held])
        found.append(Fold(threshold, accuracy(scores[held], same[held], threshold), int(held.sum())))
    return Folds(tuple(found))


def dealt(same: np.ndarray, folds: int, seed: int = 0) -> np.ndarray:
    """A fold (n,) from 0 for each pair, in the order of the seed; each fold gets as many of either kind, but for one.

    Raises ValueError for fewer than two folds, or fewer pairs of a kind than folds.
    """
    same = to_numpy(same).astype(bool)
    if folds < 2:
        raise ValueError(f"{folds} folds: a threshold is chosen on some and reported on another; expected at least 2")
    found = np.empty(len(same), np.int64)
    for kind, said in ((True, "same"), (False, "different")):
        places = np.flatnonzero(same == kind)
        if len(places) < folds:
            raise ValueError(f"{len(places)} pairs are {said} and there are {folds} folds; name fewer folds")
        order = np.random.default_rng(seed_of("verification folds", seed, said)).permutation(len(places))
        found[places[order]] = np.arange(len(places)) % folds
    return found


def impostor_threshold(scores: np.ndarray, far: float) -> float:
    """The least threshold that at most the share `far` of impostors' scores (n,) reaches.

    Where far < 1/n no score may reach it: it stands just above the greatest, and the rate is not known to be `far`.
    Raises ValueError for no score, or a rate that is none.
    """
    scores = to_numpy(scores).astype(np.float64)
    if not 0 <= far < 1:
        raise ValueError(f"a false-accept rate of {far}: expected a share from 0 to below 1, such as 0.01")
    if not len(scores):
        raise ValueError("a threshold at a false-accept rate needs scores of impostors; there are none")
    allowed = int(np.floor(far * len(scores) + 1e-9))
    return float(np.nextafter(np.sort(scores)[::-1][allowed], np.inf))


def _pairs(scores: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, same = to_numpy(scores).astype(np.float64), to_numpy(same).astype(bool)
    if scores.ndim != 1 or scores.shape != same.shape:
        raise ValueError(f"scores are {scores.shape} and same is {same.shape}; expected one of each a pair")
    if not np.isfinite(scores).all():
        raise ValueError(f"{(~np.isfinite(scores)).sum()} of {len(scores)} scores are not finite")
    if same.all() or not same.any():
        kind = "different" if same.all() else "same"
        raise ValueError(f"none of the {len(same)} pairs is {kind}: verification needs pairs of both kinds")
    return scores, same
