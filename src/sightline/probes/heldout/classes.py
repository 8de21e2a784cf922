"""Zero-shot classification as a probe: the names of the classes that occur, through the text tower."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.subject import Subject
from sightline.probes.zero_shot import GRAPHIC, accuracy, classifier


@dataclass(frozen=True)
class ZeroShot(Probe):
    """Top-1 accuracy of `probes/zero_shot.py` over the classes of the held-out source; samples without a label are left
    out."""

    templates: Sequence[str] = GRAPHIC
    name: str = "zero_shot"

    needs: ClassVar = frozenset({"embeds", "reads_text"})
    reads: ClassVar = frozenset({"label"})
    asks: ClassVar = "names the classes of pictures in words"

    def reason(self, held: Prepared, memory: Prepared | None) -> str:
        if not held.kinds:
            return "no held-out picture has a label"
        return f"the held-out pictures are all {min(held.kinds)!r}" if len(held.kinds) == 1 else ""

    def notes(self, held: Prepared, memory: Prepared | None) -> list[str]:
        return [f"no zero-shot score: {self.reason(held, memory)}"] if len(held.kinds) == 1 else []

    def score(self, subject: Subject) -> dict[str, float]:
        held = subject.held
        names = sorted(set(held.classes) | held.kinds)
        truth = np.array([-1 if label is None else names.index(label) for label in held.labels])
        found = accuracy(subject.pictures, classifier(subject.face, names, self.templates), truth)
        return {self.name: found["top1"], f"chance_{self.name}": found["chance"], f"n_{self.name}": found["n"]}
