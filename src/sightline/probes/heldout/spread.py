"""RankMe as a probe: how many directions the vectors of held-out pictures fill; asks no labels and no captions."""

from collections.abc import Set
from dataclasses import dataclass
from typing import ClassVar

from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.subject import Subject
from sightline.probes.rankme import rankme


@dataclass(frozen=True)
class RankMe(Probe):
    """`probes/rankme.py` of the held-out pictures, at least two. Models that can do one of `unless` are not asked: the
    captions of an image-text model say more. `RankMe(unless=())` asks those too."""

    unless: tuple[str, ...] = ("reads_text",)
    name: str = "rankme"

    asks: ClassVar = "counts the directions that vectors fill"

    def answered_by(self, capabilities: Set[str]) -> bool:
        return self.needs <= capabilities and capabilities.isdisjoint(self.unless)

    def score(self, subject: Subject) -> dict[str, float]:
        return {self.name: rankme(subject.pictures)} if len(subject.held) > 1 else {}
