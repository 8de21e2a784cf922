"""Referring boxes as a probe: the share of held-out pictures in which words are found with an IoU of a half or more.

Of each picture one region is asked for, by words that no other region of it has. Chance is the best box drawn without
looking (`probes/boxes.py`).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sightline.data.boxes import box_iou
from sightline.data.decode.guard import guarded
from sightline.data.decode.target import extent
from sightline.data.draw import uniform
from sightline.data.feed.regions import REGIONS, drawn
from sightline.data.prepare.naflex_rule import Rule
from sightline.data.prepare.seen import onto_view, seen_part
from sightline.data.sample import BadSample
from sightline.probes.boxes import constant_iou
from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.subject import Subject

ENOUGH = 0.5
"""IoU from which words are found"""


@dataclass(frozen=True)
class Located(Probe):
    """acc@0.5 of the box of one region a picture, and its mean IoU; what is no box overlaps nothing."""

    name: str = "located"

    needs: ClassVar = frozenset({"locates"})
    reads: ClassVar = frozenset({"boxes"})
    asks: ClassVar = "looks for boxes by their words"

    def score(self, subject: Subject) -> dict[str, float]:
        numbers, words, boxes = _asked(subject.held, subject.face.rule)
        if not numbers:
            return {}
        found = subject.face.locate(subject.held.pictures[numbers], words)
        written = np.array([place.box or (0.0, 0.0, 0.0, 0.0) for place in found])
        ious, (_, chance) = box_iou(written, boxes), constant_iou(boxes, 1)
        return {
            self.name: float((ious >= ENOUGH).mean()),
            f"{self.name}_iou": float(ious.mean()),
            f"chance_{self.name}": chance,
            f"n_{self.name}": float(len(numbers)),
        }


def _asked(held: Prepared, rule: Rule) -> tuple[list[int], list[str], np.ndarray]:
    """(numbers of the pictures, words, boxes (n, 4) in shares of the view) of those that have a region to ask for."""
    draws = uniform(0, 0, np.arange(len(held)), "located", REGIONS)
    numbers, words, boxes = [], [], []
    for number, row in enumerate(draws):
        sample = held.sample(number)
        (said, box), _ = drawn(sample, sample.boxes, row)
        if not said or sample.boxes is None:
            continue
        try:
            with guarded():
                height, width = extent(sample.image)
        except BadSample:
            continue
        shares = sample.boxes[box].astype(np.float64)[None] / [width, height, width, height]
        numbers.append(number)
        words.append(said)
        boxes.append(onto_view(shares, seen_part(rule, (height, width)))[0])
    return numbers, words, np.array(boxes).reshape(-1, 4)
