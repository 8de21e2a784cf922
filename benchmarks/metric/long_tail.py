"""Many classes and imbalance: a classifier, triplets and prototypes of one tower, on a long tail and on as many
pictures in equal parts.

    SIGHTLINE_DATA=... python benchmarks/metric/long_tail.py            # trains what is not there, then the tables
    SIGHTLINE_DATA=... python benchmarks/metric/long_tail.py --seeds 0 1

100 classes of caltech101. In the long-tailed training part the class of rank r has 45 (3 / 45)^(r / 99) pictures (the
exponential profile of Cui et al. 2019), which class has which rank is drawn by the seed; the balanced part has as many
pictures altogether, of every class equally many, and of each class the same ones first. Head, middle and tail are the
first 34, the next 33 and the last 33 ranks. All methods have the same tower, views, batches of 60 and steps.

    classifier             `imprinting`'s: a softmax of cosines with learnt weights; pictures as they come
    the same, by classes   in batches of 20 classes x 3, so that every class comes equally often
    triplet                semi-hard negatives, in batches of 20 classes x 3 (at this rate the hardest collapse)
    prototypical           episodes of 20 classes, one shot, two queries

Asked are all test pictures among all classes, by the nearest mean of a class's training pictures and, of classifiers,
also by their own weights. Intervals are of 95 %, classes drawn again; differences are paired.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from _caltech import caltech, difference, figure, small, trained, vectors

from sightline.data.array import unit
from sightline.data.feed.labelled import PK, Episodes
from sightline.probes.few_shot import Near, nearest_class

MOST, LEAST = 45, 3
HAND = PK(classes=20, samples=3)
ARMS = {
    "classifier": small("imprinting"),
    "classifier, by classes": small("imprinting", HAND),
    "triplet": small("triplet", HAND, phases=()),
    "prototypical": small("prototypical", Episodes(ways=20, shots=1, queries=2)),
}
PARTS = ("long", "balanced")
SPANS = {"head": slice(0, 34), "middle": slice(34, 67), "tail": slice(67, 100), "all": slice(0, 100)}
MEANS, WEIGHTS = "class means", "its weights"


def profile(classes: int) -> np.ndarray:
    """Pictures of the class of each rank."""
    return np.round(MOST * (LEAST / MOST) ** (np.arange(classes) / (classes - 1))).astype(int)


def ranked(available: np.ndarray, seed: int) -> np.ndarray:
    """A class for each rank, drawn among those that have pictures enough."""
    rng, left, order = np.random.default_rng(seed), list(range(len(available))), []
    for need in profile(len(available)):
        order.append(int(rng.choice([c for c in left if available[c] >= need])))
        left.remove(order[-1])
    return np.array(order)


def places(labels: np.ndarray, order: np.ndarray, part: str, seed: int) -> np.ndarray:
    """The training pictures of a part: of every class the first ones of one drawn order."""
    long = profile(len(order))
    even = np.full(len(order), long.sum() // len(order))
    even[: long.sum() - even.sum()] += 1
    rng, chosen = np.random.default_rng(seed), []
    for c, count in zip(order, {"long": long, "balanced": even}[part], strict=True):
        chosen.append(rng.permutation(np.flatnonzero(labels == c))[:count])
    return np.sort(np.concatenate(chosen))


@dataclass(frozen=True, eq=False)
class Asked:
    """One method on one part, over the seeds: of every test picture whether it was right, its class and its rank."""

    arm: str
    part: str
    answer: str
    right: np.ndarray
    classes: np.ndarray
    ranks: np.ndarray

    def of(self, span: str) -> np.ndarray:
        """(n,) which pictures are of classes of a span."""
        return np.isin(self.ranks, np.arange(100)[SPANS[span]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("runs/metric/long_tail"))
    parser.add_argument("--arms", nargs="+", default=[*ARMS], choices=[*ARMS])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--json", type=Path, help="also write the accuracies here")
    options = parser.parse_args()
    found = [one for arm in options.arms for part in PARTS for one in asked(options.folder, arm, part, options.seeds)]
    print(table(found))
    print("\n" + differences(found))
    if options.json:
        options.json.write_text(json.dumps(rows(found), indent=1) + "\n")


def asked(folder: Path, arm: str, part: str, seeds: Sequence[int]) -> list[Asked]:
    """By class means, and of a classifier by its weights."""
    parts = [dict(one(folder, arm, part, seed)) for seed in seeds]
    test = caltech("test").labels
    ranks = [np.argsort(ranked(np.bincount(caltech("train").labels), seed))[test] for seed in seeds]
    return [
        Asked(
            arm,
            part,
            answer,
            np.concatenate([hits[answer] for hits in parts]),
            np.tile(test, len(seeds)),
            np.concatenate(ranks),
        )
        for answer in parts[0]
    ]


def one(folder: Path, arm: str, part: str, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """(how it answers, (n,) whether each test picture was right) of one run."""
    train, test = caltech("train"), caltech("test")
    chosen = places(train.labels, ranked(np.bincount(train.labels), seed), part, seed)
    source = train.of(np.arange(100), f"caltech101, {part} {seed}", chosen)
    out = folder / f"{arm.replace(', ', '-').replace(' ', '-')}-{part}-{seed}"

    def encoder() -> Any:
        return trained(replace(ARMS[arm], seed=seed), source, out)

    made = vectors(out, encoder)
    near: Near = "euclidean" if arm == "prototypical" else "cosine"
    known = unit(made["train"][chosen]) if near == "cosine" else made["train"][chosen]
    centres = np.stack([known[train.labels[chosen] == c].mean(0) for c in range(100)])
    yield MEANS, nearest_class(made["test"], centres, near) == test.labels
    if arm.startswith("classifier"):
        weights = encoder().model.classes.weight.detach().numpy()
        yield WEIGHTS, nearest_class(made["test"], weights, "cosine") == test.labels


def rows(found: Sequence[Asked]) -> list[dict[str, Any]]:
    return [
        {"method": one.arm, "part": one.part, "answer": one.answer}
        | {span: round(float(one.right[one.of(span)].mean()), 4) for span in SPANS}
        for one in found
    ]


def table(found: Sequence[Asked]) -> str:
    lines = ["| method | answers by | part | " + " | ".join(SPANS) + " |", "| --- " * (len(SPANS) + 3) + "|"]
    for one in found:
        cells = [figure(one.right[one.of(span)], one.classes[one.of(span)]) for span in SPANS]
        lines.append(f"| {one.arm} | {one.answer} | {one.part} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def differences(found: Sequence[Asked]) -> str:
    """Each method less the classifier by its weights, on either part; and what the tail costs each, long less
    balanced."""
    plain = {one.part: one for one in found if one.arm == "classifier" and one.answer == WEIGHTS}
    even = {(one.arm, one.answer): one for one in found if one.part == "balanced"}
    lines = ["| | part | " + " | ".join(SPANS) + " |", "| --- " * (len(SPANS) + 2) + "|"]
    for one in found:
        pairs = [("less the classifier", one.part, plain.get(one.part))]
        pairs += [("less itself", "long less balanced", even[one.arm, one.answer])] * (one.part == "long")
        for words, part, other in pairs:
            if other is None or other is one:
                continue
            cells = [
                difference(one.right[at], other.right[at], one.classes[at]) for at in (one.of(span) for span in SPANS)
            ]
            lines.append(f"| {one.arm}, {one.answer}, {words} | {part} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
