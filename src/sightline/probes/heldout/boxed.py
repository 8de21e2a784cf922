"""Average precision of a detector on held-out pictures: `box_ap`, `box_ap50`; of outlines `mask_ap`, `mask_ap50`."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sightline.data.decode.guard import guarded
from sightline.data.decode.target import extent, read_mask
from sightline.data.feed.things import UNKNOWN, Things
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.prepare.seen import onto_view, seen_part
from sightline.data.sample import BadSample, Sample
from sightline.probes.grid import nearest
from sightline.probes.heldout.average_precision import EXTRA, Labelled, average_precision, there
from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.subject import Subject
from sightline.probes.view import in_view


@dataclass(frozen=True)
class BoxAP(Probe):
    """COCO's average precision in the view that the detector sees; boxes of a class that it does not know are not
    asked for. `n_box_ap` counts pictures."""

    name: str = "box_ap"
    masks: bool = False
    """whether outlines are judged too"""

    needs: ClassVar = frozenset({"detects"})
    reads: ClassVar = frozenset({"boxes"})
    asks: ClassVar = "looks for the boxes of held-out pictures"

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.name, f"{self.name}50", *(("mask_ap", "mask_ap50") if self.masks else ()))

    def reason(self, held: Prepared, memory: Prepared | None) -> str:
        return "" if there() else EXTRA

    def score(self, subject: Subject) -> dict[str, float]:
        face, held = subject.face, subject.held
        detector = face.parts["detector"]
        things, rule = Things(detector.names, detector.field), face.rule
        truth = [_seen(held.sample(number), things, rule, self.masks) for number in range(len(held))]
        judged = [number for number, one in enumerate(truth) if one is not None]
        right = [one for one in truth if one is not None]
        if not any(len(one.labels) for one in right):
            return {}
        found = face.detect(held.pictures[judged], outlines=self.masks)
        said = [Labelled(one.boxes, one.labels, one.scores, one.masks) for one in found]
        boxes = average_precision(right, said)
        scores = {self.name: boxes.ap, f"{self.name}50": boxes.ap50, f"n_{self.name}": float(len(right))}
        if self.masks and all(one.masks is not None for one in (*right, *said)):
            outlines = average_precision(right, said, masks=True)
            scores |= {"mask_ap": outlines.ap, "mask_ap50": outlines.ap50, "n_mask_ap": float(len(right))}
        return scores


def _seen(sample: Sample, things: Things, rule: Preprocess, masks: bool) -> Labelled | None:
    """What of a sample's things the view shows, in its pixels; None of a picture that cannot be measured."""
    try:
        with guarded():
            height, width = extent(sample.image)
            plane = read_mask(sample.mask, extent(sample.mask)) if masks and sample.mask is not None else None
    except BadSample:
        return None
    boxes = np.zeros((0, 4)) if sample.boxes is None else np.asarray(sample.boxes, np.float64).reshape(-1, 4)
    seen = onto_view(boxes / [width, height, width, height], seen_part(rule, (height, width))) * rule.size
    low, high = np.clip(seen[:, :2], 0, rule.size), np.clip(seen[:, :2] + seen[:, 2:], 0, rule.size)
    labels = things.numbers(sample, len(boxes))
    kept = np.flatnonzero((labels != UNKNOWN) & ((high - low) > 0).all(1))
    outlines = None
    if plane is not None:
        shown = nearest(in_view(plane.astype(np.int64), rule, -1), (rule.size, rule.size))
        outlines = shown[None] == kept[:, None, None] + 1
    return Labelled(np.concatenate([low, high - low], 1)[kept], labels[kept], masks=outlines)
