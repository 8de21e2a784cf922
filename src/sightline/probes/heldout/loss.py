"""The method's own loss on held-out samples as a probe: for what embeds nothing (codecs, generators), or to see a
method learn its training samples by heart."""

from dataclasses import dataclass
from typing import ClassVar

from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.subject import Subject


@dataclass(frozen=True)
class HeldOutLoss(Probe):
    """`heldout_loss`, the sum of the method's weighted terms, and `heldout_loss_TERM`, each the mean over batches made
    as in training but of held-out samples, with the same draws at every evaluation. Lower is better, of all of them;
    only the sum decides."""

    name: str = "heldout_loss"

    needs: ClassVar = frozenset({"learns"})
    asks: ClassVar = "is the method's own loss on held-out samples"

    @property
    def lower(self) -> frozenset[str]:
        return frozenset({self.name})

    def score(self, subject: Subject) -> dict[str, float]:
        terms = subject.losses
        return {self.name: sum(terms.values())} | {f"{self.name}_{term}": value for term, value in terms.items()}
