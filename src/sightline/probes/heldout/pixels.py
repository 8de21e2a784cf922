"""Mean IoU of a segmenter on held-out pictures: `miou`, and the share of pixels that are right, `pixels`."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sightline.data.decode.guard import guarded
from sightline.data.decode.target import extent, must_match, read_mask
from sightline.data.feed.things import Things
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import BadSample, Sample
from sightline.probes.grid import nearest
from sightline.probes.heldout.probe import Probe
from sightline.probes.heldout.subject import Subject
from sightline.probes.segmentation import confusion, mean_iou
from sightline.probes.view import in_view


@dataclass(frozen=True)
class PixelIoU(Probe):
    """The mean over classes of the IoU of all pixels together, at the resolution of the view. `chance_miou` is what the
    most frequent class of these masks for every pixel scores."""

    name: str = "miou"

    needs: ClassVar = frozenset({"segments"})
    reads: ClassVar = frozenset({"mask"})
    asks: ClassVar = "asks what every pixel is"

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.name, "pixels")

    def score(self, subject: Subject) -> dict[str, float]:
        face, held = subject.face, subject.held
        segmenter: Any = face.parts.get("segmenter")
        if segmenter is None:
            return {}
        planes = [classes_seen(held.sample(number), segmenter, face.rule) for number in range(len(held))]
        judged = [number for number, plane in enumerate(planes) if plane is not None]
        truth = [plane for plane in planes if plane is not None]
        if not truth:
            return {}
        predicted = [one.labels for one in face.segment(held.pictures[judged])]
        counts = confusion(truth, predicted, (), k=len(segmenter.names))
        whole = counts.sum(axis=0)
        most = int(whole.sum(axis=1).argmax())
        guess = np.zeros_like(whole)
        guess[:, most] = whole.sum(axis=1)
        return {
            self.name: mean_iou(counts),
            f"chance_{self.name}": mean_iou(guess),
            "pixels": float(np.trace(whole) / max(1, whole.sum())),
        }


def classes_seen(sample: Sample, segmenter: Any, rule: Preprocess) -> np.ndarray | None:
    """The class of every pixel of the view, -1 where it has none; None of a sample whose mask cannot be used."""
    if sample.mask is None:
        return None
    try:
        with guarded():
            must_match(sample.mask, sample.image, "mask")
            plane = read_mask(sample.mask, extent(sample.mask)).astype(np.int64)
    except BadSample:
        return None
    known = len(segmenter.names)
    if segmenter.instances:
        count = 0 if sample.boxes is None else len(sample.boxes)
        numbers = Things(segmenter.names[1:], segmenter.field).numbers(sample, count)
        table = np.array([-1, 0, *np.where(numbers >= 0, numbers + 1, -1), -1])
        plane = table[np.clip(plane + 1, 0, len(table) - 1)]
    plane = np.where((plane >= known) | (not segmenter.instances and np.isin(plane, segmenter.ignore)), -1, plane)
    return nearest(in_view(plane, rule, -1), (rule.size, rule.size))
