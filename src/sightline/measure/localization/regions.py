"""P5: which of all phrases the mean of a thing's patches is nearest to. Patches count by their share of it."""

from dataclasses import dataclass

import numpy as np

from sightline.measure.finding import Finding, MeanOf
from sightline.measure.localization.things import Things
from sightline.measure.localization.zero_shot import PATH
from sightline.measure.places import unit
from sightline.measure.subject.subject import Subject
from sightline.probes.grid import summed
from sightline.weights.regions.heat import EQUAL


@dataclass(frozen=True, eq=False)
class Regions:
    """Ready to be asked of any encoder with patches in a space of words."""

    things: Things

    def ask(self, subject: Subject) -> list[Finding]:
        found = self.things
        patches, view = found.patches(subject)
        share = np.stack([summed(view.cut(thing.area), view.grid) for thing in found.things])
        means = unit(np.einsum("tyx,tyxe->te", share, patches[found.pictures]))
        cosines = means @ found.texts(subject).T
        nearest = cosines >= cosines.max(axis=1, keepdims=True) - EQUAL
        hits = nearest[np.arange(len(cosines)), found.numbers] / nearest.sum(axis=1)
        return [
            Finding(
                metric="region retrieval",
                statistic=MeanOf(hits),
                chance=float(np.bincount(found.numbers).max() / len(found.numbers)),
                chance_kind="most frequent phrase",
                bound=1.0,
                bound_kind="labels",
                items=f"things {found.board.pictures.digest}",
                family=found.pictures.tolist(),
                protocol={"phrases": len(found.phrases), "templates": found.templates, "side": found.board.side},
                notes=(PATH,),
            )
        ]
