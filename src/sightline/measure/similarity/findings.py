"""The metrics of similarity, asked of one encoder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from sightline.data.array import unit
from sightline.measure.density.truth import Truth
from sightline.measure.finding import Finding, MeanOf, Statistic, Summed
from sightline.measure.pictures import Pictures
from sightline.measure.similarity.agreement import OfDistinct, ami, clustered, embedded, shared, spearman
from sightline.measure.similarity.learnt import RESTARTS
from sightline.measure.similarity.neighbours import cosines, occurrence, retrieved, right_of, vote
from sightline.measure.similarity.questions import Question, Sets
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.shelf import Shelf

K, TEMPERATURE = 20, 0.07
HUB = 10
SUSPICIOUS = 3.0
"""hubness above which a few pictures are near to most"""


def knn(subject: Subject, truth: Truth, *, suite: str) -> list[Finding]:
    """Accuracy of neighbours' votes for what a picture shows; its colour and place, where they are known, are told."""
    k = min(K, len(truth.rows))
    notes = truth.notes if k == K else (*truth.notes, f"of {K} neighbours there are only {k}")
    asked = {}
    for question, part in zip(truth.questions, truth.parts, strict=True):
        similarity = cosines(_of(subject, truth.asked, part)[truth.kept], _of(subject, truth.fitted, part)[truth.rows])
        answers, right, whole = truth.answers[:, part], truth.right[:, part], (slice(0, part.stop - part.start),)
        found, chance = right_of(vote(similarity, answers, whole, k=k, t=TEMPERATURE), right, whole)
        asked[f": {question}" if asked else ""] = found[:, 0], float(chance[0])
    told = {"asked": truth.questions[0]} if len(truth.questions) > 1 else {}
    return [
        Finding(
            metric=f"kNN accuracy{name}",
            statistic=MeanOf(found),
            chance=chance,
            chance_kind="answers dealt at random",
            bound=1.0,
            bound_kind="labels",
            scored=not name,
            items=f"{suite}/knn/{truth.asked.digest}",
            domain=truth.domains,
            family=truth.families,
            protocol={"k": k, "temperature": TEMPERATURE, "memory": len(truth.rows), **told},
            notes=notes,
        )
        for name, (found, chance) in asked.items()
    ]


def retrieval(subject: Subject, asked: list[Question], *, suite: str, scored: bool) -> list[Finding]:
    """mAP@R of the first question; the others, R@1 and alignment of what belongs together as diagnostics."""
    values: dict[str, list[np.ndarray]] = {"mAP@R": [], "R@1": [], "alignment": []}
    luck: dict[str, list[float]] = {"mAP@R": [], "R@1": [], "alignment": []}
    for question in asked:
        vectors = subject.vectors(question.pictures())[question.kept]
        relevant = question.relevant
        itself = np.eye(len(relevant), dtype=bool)
        rows = unit(vectors).astype(np.float64)
        square = (rows**2).sum(axis=1)
        apart = square[:, None] + square[None] - 2 * rows @ rows.T
        found = (
            *retrieved(np.where(itself, -np.inf, cosines(vectors, vectors)), relevant),
            (apart * relevant).sum(axis=1) / relevant.sum(axis=1),
        )
        blind = (*(v.mean() for v in retrieved(np.where(itself, -np.inf, 0.0), relevant)), 2.0)
        for metric, value, chance in zip(values, found, blind, strict=True):
            values[metric].append(question.spread(value))
            luck[metric].append(float(chance))
    protocol = {"candidates": [len(q.kept) for q in asked], **_told(asked)}
    return [
        _finding(metric, q, mean_known(some), chance, asked, suite, scored and metric == "mAP@R", protocol)
        for metric in values
        for q, (some, chance) in enumerate(zip(values[metric], luck[metric], strict=True))
    ]


def clustering(subject: Subject, asked: list[Question], *, suite: str) -> list[Finding]:
    """AMI of k-means with the classes of the first question, as many clusters as classes; the others as diagnostics."""
    pairs, counts = [], []
    for question in asked:
        classes = question.main
        counts.append(len(np.unique(classes)))
        found = clustered(subject.vectors(question.pictures(classes))[question.kept], counts[-1])
        pairs.append(np.stack([question.spread(classes), question.spread(found)], axis=1))

    protocol = {"clusters": counts, "restarts": RESTARTS, **_told(asked)}
    return [
        _finding("AMI", q, OfDistinct(len(pair), partial(_known_ami, pair)), 0.0, asked, suite, True, protocol)
        for q, pair in enumerate(pairs)
    ]


def _known_ami(pair: np.ndarray, index: np.ndarray) -> float:
    kept = pair[index][~np.isnan(pair[index, 0])].astype(np.int64)
    return ami(kept[:, 0], kept[:, 1])


def _told(asked: list[Question]) -> dict[str, str]:
    """Of several questions, which one is scored."""
    return {"asked": asked[0].name} if len(asked) > 1 else {}


def mean_known(values: np.ndarray) -> Statistic:
    """The mean over the items that are asked; values (n,), NaN of the others."""

    def of(sums: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return sums[:, 0] / sums[:, 1]

    return Summed(np.stack([np.nan_to_num(values), (~np.isnan(values)).astype(np.float64)], axis=1), of)


def _finding(
    metric: str,
    number: int,
    statistic: Statistic,
    chance: float,
    asked: list[Question],
    suite: str,
    scored: bool,
    protocol: Mapping[str, object],
) -> Finding:
    """Of the question of this number; of several the first alone is scored, and has the name of the metric."""
    name = asked[number].name
    plain = name == "class" or (len(asked) > 1 and number == 0)
    shelf = asked[0].shelf
    return Finding(
        metric=metric if plain else f"{metric}: {name}",
        statistic=statistic,
        chance=chance,
        chance_kind="analytic",
        bound=0.0 if metric == "alignment" else 1.0,
        bound_kind="labels",
        scored=scored and number == 0,
        items=f"{suite}/same/{shelf.pictures.digest}",
        family=[sample.name or sample.key for sample in shelf.samples],
        domain=shelf.domains,
        protocol=protocol,
        notes=tuple(dict.fromkeys(note for q in asked for note in q.notes)),
    )


def agreement(subject: Subject, shelf: Shelf, sets: Sets, *, suite: str) -> list[Finding]:
    """Rank correlation of cosines with how much two pictures share."""
    wanted = shared(sets)
    vectors = subject.vectors(shelf.pictures.told(vectors=embedded(wanted)))
    return [
        Finding(
            metric="agreement with shared factors",
            statistic=MeanOf(spearman(cosines(vectors, vectors), wanted)),
            chance=0.0,
            chance_kind="analytic",
            bound=1.0,
            bound_kind="labels",
            items=f"{suite}/graded/{shelf.pictures.digest}",
            family=[sample.name or sample.key for sample in shelf.samples],
            domain=shelf.domains,
            protocol={"factors": len(sets[0])},
        )
    ]


def space(subject: Subject, pictures: Pictures, *, suite: str) -> list[Finding]:
    """Uniformity (Wang and Isola 2020, eq. 2: ln E exp(-2 |x - y|^2)) and hubness: told, not scored."""
    vectors = subject.vectors(pictures)
    similarity = cosines(vectors, vectors)
    np.fill_diagonal(similarity, np.nan)
    near = np.nanmean(np.exp(4 * similarity - 4), axis=1)
    k = min(HUB, len(vectors) - 1)
    hubs = skewness(occurrence(similarity, k))
    value = float(hubs.over(np.ones((1, len(vectors))))[0])
    items = f"{suite}/space/{pictures.digest}"
    return [
        Finding(
            metric="uniformity",
            statistic=Summed(np.stack([near, np.ones(len(near))], axis=1), lambda s: np.log(s[:, 0] / s[:, 1])),
            chance=0.0,
            chance_kind="analytic",
            bound=-4.0,
            bound_kind="sphere of many dimensions",
            scored=False,
            items=items,
        ),
        Finding(
            metric="hubness",
            statistic=hubs,
            chance=float("nan"),
            chance_kind="none",
            bound=float("nan"),
            bound_kind="none",
            scored=False,
            items=items,
            protocol={"k": k},
            notes=("a few pictures are near to most others",) if value > SUSPICIOUS else (),
        ),
    ]


def skewness(values: np.ndarray) -> Statistic:
    """E (x - mean)^3 / deviation^3 of values (n,); 0 where all are equal."""
    powers = np.stack([values**p for p in (0, 1, 2, 3)], axis=1)

    def of(sums: np.ndarray) -> np.ndarray:
        one, two, three = (sums[:, p] / sums[:, 0] for p in (1, 2, 3))
        spread = np.maximum(two - one**2, 0)
        third = three - 3 * one * two + 2 * one**3
        return np.divide(third, spread**1.5, out=np.zeros(len(sums)), where=spread > 1e-9 * np.maximum(two, 1e-300))

    return Summed(powers, of)


def _of(subject: Subject, pictures: Pictures, part: slice) -> np.ndarray:
    """Vectors of pictures whose perfect ones answer one question alone."""
    ideal = pictures.ideal.vectors
    assert ideal is not None
    return subject.vectors(pictures.told(vectors=ideal[:, part]))
