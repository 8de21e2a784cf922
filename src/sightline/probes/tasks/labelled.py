"""Tasks that read labels: kNN, linear, attentive, and every stage of a tower."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sightline.data.sample import Source, class_name
from sightline.probes.attentive import AttentiveProbe
from sightline.probes.heldout.neighbours import some
from sightline.probes.knn import KNN
from sightline.probes.linear import LinearProbe
from sightline.probes.stages import StageProbes
from sightline.probes.tasks.gather import Gathered
from sightline.probes.tasks.row import Kind, Result, Row, Score, share

Names = Sequence[str | None]
Subjects = Mapping[str, Kind]
"""Readers by name, and what each is"""


class Labels:
    """The classes that both parts speak of, by name: every source counts its own.

    Left out, and said in `notes`: pictures without a label, classes with a single training picture (there is nothing to
    choose a strength on, and no neighbour), judged pictures of a class that training lacks. Raises ValueError where
    fewer than two classes are left in either part.
    """

    def __init__(self, train: Names, test: Names) -> None:
        counts = Counter(name for name in train if name is not None)
        if not counts:
            raise ValueError("no training picture has a label, and this task reads labels; see docs/data.md for how to")
        single = sorted(name for name, count in counts.items() if count == 1)
        self.classes = sorted(counts.keys() - set(single))
        self.notes = [*_unlabelled(train, "training"), *_unlabelled(test, "judged")]
        if len(counts) == 1:
            raise ValueError(f"all labelled training pictures are {next(iter(counts))!r}; two classes are needed")
        if len(self.classes) < 2:
            raise ValueError(
                f"{len(counts)} classes have {sum(counts.values())} training pictures: of at least two classes there "
                "must be at least two"
            )
        if single:
            self.notes.append(f"left out: {some(single)}, of which there is only one training picture")
        number = {name: place for place, name in enumerate(self.classes)}
        self.train = np.array([number.get(name, -1) if name is not None else -1 for name in train])
        self.test = np.array([number.get(name, -1) if name is not None else -1 for name in test])
        if lacking := sorted({name for name in test if name is not None and name not in counts}):
            left = sum(name in lacking for name in test)
            self.notes.append(f"left out: {left} judged pictures of {some(lacking)}, which training lacks")
        asked = sorted(set(self.test[self.test >= 0].tolist()))
        if len(asked) < 2:
            of = f"are all {self.classes[asked[0]]!r}" if asked else "are of no class that training knows"
            raise ValueError(f"the pictures judged on {of}; two classes are needed")

    @property
    def majority(self) -> Row:
        """The most frequent training class for every picture."""
        most = int(np.bincount(self.train[self.train >= 0]).argmax())
        hits = self.test[self.test >= 0] == most
        return Row(f"chance ({self.classes[most]})", "chance", {"accuracy": share(hits)})


def names_of(source: Source) -> list[str | None]:
    """The class names of a source's samples, None where there is none. ValueError for a source without labels."""
    if "label" not in source.has:
        raise ValueError(
            f"{source.name} has no labels (it has {', '.join(sorted(source.has))}), and this task reads them: sort its "
            "pictures into a folder for each class, or give a table with a column `label`"
        )
    return [class_name(source[number].label, source.classes) for number in range(len(source))]


def classified(make: Callable[[], Any], labels: Labels, train: Gathered, test: Gathered, subjects: Subjects) -> Result:
    """One row a subject: the accuracy of `make()` fitted on its vectors, or on its tokens."""
    y, truth, rows = labels.train[train.index], labels.test[test.index], [labels.majority]
    known, asked = y >= 0, truth >= 0
    for name, kind in subjects.items():
        fitted = make().fit(rows_of(train.features[name])[known], y[known])
        hits = fitted.predict(rows_of(test.features[name])[asked]) == truth[asked]
        rows.append(Row(name, kind, {"accuracy": share(hits)}, _details(fitted)))
    rows.append(Row("upper bound", "bound", {"accuracy": Score(1.0)}))
    sizes = [f"{row.name} {row.details['parameters']:,}" for row in rows if "parameters" in row.details]
    notes = [*labels.notes, *([f"parameters of the probes: {', '.join(sizes)}"] if sizes else [])]
    return Result(rows, int(known.sum()), int(asked.sum()), notes)


def neighbours(k: int, labels: Labels) -> Callable[[], KNN]:
    """kNN by `k`. ValueError where there are fewer labelled training pictures than that."""
    return voters(k, int((labels.train >= 0).sum()))


def voters(k: int, count: int) -> Callable[[], KNN]:
    """The same for so many labelled training pictures."""
    if k > count:
        raise ValueError(
            f"--k {k}: there are only {count} labelled training pictures to be neighbours; give --k {count}"
        )
    return lambda: KNN(k)


def staged(k: int, seed: int, labels: Labels, train: Gathered, test: Gathered, encoder: str, pixels: str) -> Result:
    """One row a stage of the reader `encoder`, by linear probe and kNN; raw pixels as another."""
    neighbours(k, labels)
    y, truth = labels.train[train.index], labels.test[test.index]
    known, asked = y >= 0, truth >= 0
    chance = labels.majority.scores["accuracy"]
    rows = [Row(labels.majority.name, "chance", {"linear": chance, "knn": chance})]
    kinds: list[tuple[str, Kind]] = [(pixels, "pixels"), (encoder, "stage")]
    notes = list(labels.notes)
    for reader, kind in kinds:
        if reader not in train.features:
            continue
        fitted = StageProbes(k, seed=seed).fit({n: v[known] for n, v in train.features[reader].items()}, y[known])
        found = fitted.score({n: v[asked] for n, v in test.features[reader].items()}, truth[asked])
        for one in found:
            scores = {name: _of(value, int(asked.sum())) for name, value in (("linear", one.linear), ("knn", one.knn))}
            rows.append(Row(one.stage if kind == "stage" else reader, kind, scores))
        if kind == "stage":
            best = max(found, key=lambda one: one.linear)
            notes.append(f"easiest to read: {best.stage} ({best.linear:.3f}), chosen on the pictures judged on")
            notes.append(f"the stage that training pictures held out would choose: {fitted.best_}")
    rows.append(Row("upper bound", "bound", {"linear": Score(1.0), "knn": Score(1.0)}))
    return Result(rows, int(known.sum()), int(asked.sum()), notes)


def attentive(seed: int) -> Callable[[], AttentiveProbe]:
    """An attentive probe of the usual settings."""
    return lambda: AttentiveProbe(seed=seed)


def linear(seed: int) -> Callable[[], LinearProbe]:
    """A linear probe that chooses C."""
    return lambda: LinearProbe(seed=seed)


def rows_of(features: Mapping[str, np.ndarray]) -> np.ndarray:
    """Vectors (n, d), or the tokens of a grid as a sequence (n, t, d)."""
    if "vectors" in features:
        return features["vectors"]
    tokens = features["tokens"]
    return tokens.reshape(len(tokens), -1, tokens.shape[-1])


def _details(fitted: Any) -> dict[str, Any]:
    """What the fit chose or counted."""
    match fitted:
        case LinearProbe():
            return {"C": fitted.C_}
        case AttentiveProbe():
            return {"parameters": fitted.parameters_}
        case _:
            return {}


def _of(value: float, n: int) -> Score:
    return share(np.arange(n) < round(value * n))


def _unlabelled(names: Names, which: str) -> list[str]:
    count = sum(name is None for name in names)
    return [f"left out: {count} of {len(names)} {which} pictures without a label"] if count else []
