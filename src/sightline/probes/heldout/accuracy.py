"""Right answers of a classifier on held-out pictures as a probe, by the names of the classes."""

from dataclasses import dataclass
from typing import ClassVar

from sightline.probes.heldout.prepared import Prepared, plain_name
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.subject import Subject


@dataclass(frozen=True)
class Accuracy(Probe):
    """`accuracy`: the share of labelled held-out pictures whose likeliest class is theirs. A class that the training
    data lacks cannot be answered: its pictures count as wrong, and it is said. Chance is one in the number of classes
    that occur.
    """

    name: str = "accuracy"

    needs: ClassVar = frozenset({"classifies"})
    reads: ClassVar = frozenset({"label"})
    asks: ClassVar = "compares a classifier's answers with labels"

    def reason(self, held: Prepared, memory: Prepared | None) -> str:
        return "" if held.kinds else f"no held-out picture in {held.name} has a label"

    def notes(self, held: Prepared, memory: Prepared | None) -> list[str]:
        found = super().notes(held, memory)
        if held.kinds and held.unlabelled:
            found.append(f"{held.unlabelled} of {len(held)} held-out pictures in {held.name} have no label: not asked")
        return found

    def score(self, subject: Subject) -> dict[str, float]:
        held = subject.held
        answers = [top[0][0] for top in subject.face.classify(held.pictures)]
        asked = [(label, answer) for label, answer in zip(held.labels, answers, strict=True) if label is not None]
        right = sum(label == plain_name(answer) for label, answer in asked) / len(asked)
        return {self.name: right, f"chance_{self.name}": 1 / len(held.kinds), f"n_{self.name}": float(len(asked))}
