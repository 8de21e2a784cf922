r"""Does a disturbed picture map to the same vector, and is what was done to it forgotten?

invariance     R = 1 - w / b,   w = E ||z(x) - z(Tx)||^2,   b = E ||z(x) - z(x')||^2,  x' another picture; unit z
retrieval      whether z(Tx) is nearer to z(x) than to any other candidate; a tie is a miss (`probes/retrieval.py`)
decodability   accuracy of a linear probe of z(Tx) for which T it was, fitted on other pictures: lower is better

Every nuisance counts the same, and within it every severity. An encoder whose vectors are all equal has b = 0 and no R:
it is told as 0, and said so.
"""

import numpy as np

from sightline.data.array import unit
from sightline.measure.density.queries import Queries
from sightline.measure.density.ridge import hits, ridge
from sightline.measure.finding import Finding, MeanOf, Statistic, Summed
from sightline.measure.subject.subject import Subject
from sightline.probes.retrieval import ranks

COLLAPSED = 1e-10
"""mean squared distance of unit vectors under which they differ by rounding alone"""
FOLDS = 2


def invariance(subject: Subject, asked: Queries, *, suite: str, caps: bool) -> list[Finding]:
    """The three, and as diagnostics R of each nuisance and retrieval at each severity. `caps`: whether nothing else
    keeps a collapsed encoder from a good score, so that retrieval has to."""
    clean, disturbed = unit(subject.vectors(asked.candidates)), unit(subject.vectors(asked.disturbed))
    within, between = distances(clean, disturbed, asked.picture)
    found = matched(clean, disturbed, asked.picture)
    told = decoded(disturbed, asked)
    notes = asked.notes
    collapsed = float(between.mean()) < COLLAPSED
    if collapsed:
        notes = (*notes, "all pictures have one vector: invariance is undefined, and counts as 0")
    names, n = asked.nuisances, len(asked.candidates)
    common = {"conditions": len(asked.conditions), "candidates": n}

    def finding(metric: str, statistic: Statistic, chance: float, bound: float, **more: object) -> Finding:
        return Finding(
            metric=metric,
            statistic=statistic,
            chance=chance,
            chance_kind="analytic",
            bound=bound,
            bound_kind=str(more.pop("bound_kind", "analytic")),
            items=f"{suite}/disturbed/{asked.disturbed.digest}",
            family=asked.picture.tolist(),
            domain=asked.domains,
            protocol=common,
            notes=notes if more.get("scored", True) else (),
            **more,  # type: ignore[arg-type]
        )

    every = asked.weights
    made = [
        finding("nuisance invariance", ratio(within, between, every), 0.0, 1.0),
        finding("matched retrieval", MeanOf(found, every), 1 / n, 1.0, caps=caps),
        finding("nuisance decodability", MeanOf(told, every), 1.0, 1 / len(names), bound_kind="blind guess"),
    ]
    for number, name in enumerate(names):
        some = every * (asked.nuisance == number)
        made.append(finding(f"invariance to {name}", ratio(within, between, some), 0.0, 1.0, scored=False))
    for number, (name, severity) in enumerate(asked.conditions):
        some = every * (asked.condition == number)
        made.append(finding(f"matched retrieval: {name} {severity:g}", MeanOf(found, some), 1 / n, 1.0, scored=False))
    return made


def distances(clean: np.ndarray, disturbed: np.ndarray, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(q,) squared distance of each query from its own picture, and that picture's mean from all others.

    >>> distances(np.eye(2), np.eye(2)[[0]], np.array([0]))
    (array([0.]), array([2.]))
    """
    clean, disturbed = clean.astype(np.float64), disturbed.astype(np.float64)
    within = ((clean[picture] - disturbed) ** 2).sum(axis=1)
    # sum over x' of |x|^2 + |x'|^2 - 2 x.x', in which x' = x adds nothing
    square, middle = (clean**2).sum(axis=1), clean.mean(axis=0)
    mean = np.maximum(square + square.mean() - 2 * clean @ middle, 0) * len(clean) / (len(clean) - 1)
    return within, mean[picture]


def ratio(within: np.ndarray, between: np.ndarray, weights: np.ndarray) -> Statistic:
    """1 - w / b; 0 where b is no more than rounding."""

    def of(sums: np.ndarray) -> np.ndarray:
        alike = sums[:, 1] < COLLAPSED * sums[:, 2]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(alike, 0.0, 1 - sums[:, 0] / sums[:, 1])

    return Summed(np.stack([within * weights, between * weights, weights], axis=1), of)


def matched(clean: np.ndarray, disturbed: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """(q,) bool: whether the right candidate is nearer than every other."""
    own = np.arange(len(clean))[None] == picture[:, None]
    return ranks(disturbed @ clean.T, own) <= 1


def decoded(disturbed: np.ndarray, asked: Queries) -> np.ndarray:
    """(q,) bool: whether a probe fitted on the pictures of the other fold knows what was done to each query."""
    whole = slice(0, len(asked.nuisances))
    targets = np.eye(whole.stop, dtype=bool)[asked.nuisance]
    fold = np.unique(asked.picture, return_inverse=True)[1] % FOLDS
    right = np.zeros(len(disturbed), bool)
    for number in range(FOLDS):
        held = fold == number
        if held.any() and not held.all():
            fitted = ridge(disturbed[~held], targets[~held], [whole])
            right[held] = hits(fitted.scores(disturbed[held]), targets[held], [whole])[:, 0]
    return right
