"""kNN between two sources as a probe, by the names of their classes: who is asked, who is not, and why.

Chance is what a label drawn from those of the memory scores. Where either side has fewer than two classes there is no
score: an encoder that knows nothing would have 1.000.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.subject import Subject
from sightline.probes.knn import KNN


@dataclass(frozen=True)
class KNNProbe(Probe):
    """The label of a held-out picture is voted by its `k` nearest training pictures (`probes/knn.py`). A second one
    wants a name of its own: `KNNProbe(k=5, name="knn5")`."""

    k: int = 20
    name: str = "knn"

    reads: ClassVar = frozenset({"label"})
    memory: ClassVar = frozenset({"label"})
    asks: ClassVar = "compares labels of neighbours"

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"{self.name}: k must be at least 1, got {self.k}")

    def reason(self, held: Prepared, memory: Prepared | None) -> str:
        return "there are no training pictures with labels" if memory is None else Neighbours(held, memory).reason

    def notes(self, held: Prepared, memory: Prepared | None) -> list[str]:
        return [] if memory is None else Neighbours(held, memory).notes

    def score(self, subject: Subject) -> dict[str, float]:
        neighbours = Neighbours(subject.held, subject.memory)
        found = neighbours.scores(subject.remembered, subject.pictures, k=self.k)
        return {key.replace("knn", self.name): value for key, value in found.items()}


class Neighbours:
    """kNN between two prepared sets: which held-out pictures are asked, and what stands in the way of a score."""

    def __init__(self, held: Prepared, memory: Prepared) -> None:
        self.memory = memory
        self.classes = sorted(memory.kinds)
        number = {name: place for place, name in enumerate(self.classes)}
        self.known = np.array([-1 if label is None else number[label] for label in memory.labels])
        # -1: no label, or one that no picture of the memory has
        self.asked = np.array([number.get(label, -1) if label is not None else -1 for label in held.labels])
        lacking = [label for label in held.labels if label is not None and label not in number]
        self.notes = [*_unlabelled(held, "held-out"), *_unlabelled(memory, "training")]
        if lacking:
            self.notes.append(
                f"kNN knows no {some(sorted(set(lacking)))}: none among the {len(memory)} training pictures looked at "
                f"in {memory.name}; {len(lacking)} of {len(held)} held-out pictures are left out of it"
            )
        self.reason = self._reason()
        if self.reason:
            self.notes.append(f"no kNN score: {self.reason}")

    def _reason(self) -> str:
        """Why there is no score; "" where there is one."""
        if len(self.classes) < 2:
            of = f"are all {self.classes[0]!r}" if self.classes else "have no labels"
            return f"the training pictures looked at in {self.memory.name} {of}"
        asked = sorted({self.classes[label] for label in self.asked if label >= 0})
        if len(asked) < 2:
            return f"the held-out pictures are all {asked[0]!r}" if asked else "no held-out picture is of a known class"
        return ""

    def scores(self, vectors: np.ndarray, pictures: np.ndarray, k: int = 20) -> dict[str, float]:
        """`{"knn", "chance_knn", "n_knn"}` of memory vectors (m, d) and held-out ones (n, d). Chance: a label drawn
        from those of the memory."""
        truth = self.asked[self.asked >= 0]
        share = np.bincount(self.known[self.known >= 0], minlength=len(self.classes)) / (self.known >= 0).sum()
        knn = KNN(k=min(k, int((self.known >= 0).sum()))).fit(vectors, self.known)
        return {
            "knn": knn.score(pictures[self.asked >= 0], truth),
            "chance_knn": float(share[truth].mean()),
            "n_knn": float(len(truth)),
        }


def _unlabelled(part: Prepared, which: str) -> list[str]:
    if not part.unlabelled:
        return []
    return [
        f"{part.unlabelled} of {len(part)} {which} pictures looked at in {part.name} have no label: left out of kNN"
    ]


def some(names: list[str]) -> str:
    """The first five names, quoted, and how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(repr, names[:5])) + more
