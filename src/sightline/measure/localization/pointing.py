"""P2 and P3: where an encoder sees what a phrase says. cos(patch, phrase) is a heat map.

Pointing game (Zhang et al. 2016, https://arxiv.org/abs/1608.00507): the middle of the hottest patch lies on the thing.
Referring box: the map, enlarged bilinearly, above its mean + one deviation; the largest connected part; its tight box;
IoU with the thing's. Hottest patches that tie count by their share.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sightline.data.boxes import box_iou
from sightline.measure.finding import Finding, MeanOf
from sightline.measure.localization.iou import pixels
from sightline.measure.localization.things import Things
from sightline.measure.localization.zero_shot import PATH
from sightline.measure.places import View, reachable
from sightline.measure.subject.subject import Subject
from sightline.probes.boxes import constant_iou
from sightline.probes.grid import summed
from sightline.weights.regions.heat import EQUAL, tight_boxes

WRITTEN = "boxes written by its own decoder, asked by the words with which the source refers to things"


@dataclass(frozen=True, eq=False)
class Pointing:
    """Ready to be asked of any encoder with patches in a space of words."""

    things: Things

    def ask(self, subject: Subject) -> list[Finding]:
        found = self.things
        write = getattr(subject, "writes_boxes", False)
        if write and not subject.reads_text:
            return [reachable(finding) for finding in self._written(subject)]
        patches, view = found.patches(subject)
        texts = found.texts(subject)
        heats = np.einsum("tyxe,te->tyx", patches[found.pictures], texts[found.numbers])
        on = np.stack([view.inside(thing.area) for thing in found.things]).astype(np.float64)
        hottest = heats >= heats.max(axis=(1, 2), keepdims=True) - EQUAL
        hits = (hottest * on).sum(axis=(1, 2)) / hottest.sum(axis=(1, 2))
        common = self._common()
        asked = [
            Finding(
                metric="pointing game",
                statistic=MeanOf(hits),
                chance=float(on.mean()),
                chance_kind="share of the patches",
                bound=float(on.any(axis=(1, 2)).mean()),
                bound_kind="patch grid",
                notes=(PATH,),
                **common,
            ),
            *(self._written(subject) if write else self._boxes(heats, view, common)),
        ]
        return [reachable(finding) for finding in asked]

    def _boxes(self, heats: np.ndarray, view: View, common: dict) -> list[Finding]:
        single = self._single
        if not single:
            return []
        truth = np.concatenate([self.things.things[at].boxes for at in single])
        cover = np.stack([summed(view.cut(_filled(box, view.side)), view.grid) for box in truth])
        most = box_iou(heat_boxes(cover, view), truth)
        return self._referring(heat_boxes(heats[single], view), truth, most, bound_kind="patch grid", **common)

    def _written(self, subject: Any) -> list[Finding]:
        """The boxes that a decoder writes of the words by which the source refers to things."""
        things = [self.things.things[at] for at in self._single]
        if not things:
            return []
        truth, side = np.concatenate([thing.boxes for thing in things]), self.things.board.side
        words = [thing.phrase or thing.words for thing in things]
        boxes = subject.boxes(self.things.board.pictures, [thing.picture for thing in things], words) * side
        return self._referring(
            boxes, truth, np.ones(len(truth)), bound_kind="exact boxes", notes=(WRITTEN,), **self._common()
        )

    def _referring(
        self, boxes: np.ndarray, truth: np.ndarray, most: np.ndarray, bound_kind: str, **common: Any
    ) -> list[Finding]:
        ious, constant = box_iou(boxes, truth), constant_iou(truth, self.things.board.side)
        pictures = [self.things.things[at].picture for at in self._single]
        common |= {"items": common["items"] + " boxes", "family": pictures}
        chance_kind = "best constant box"
        return [
            Finding(
                metric="referring box IoU", statistic=MeanOf(ious), chance=constant[0], chance_kind=chance_kind,
                bound=float(most.mean()), bound_kind=bound_kind, **common,
            ),
            Finding(
                metric="referring box at IoU 0.5", statistic=MeanOf((ious >= 0.5).astype(np.float64)),
                chance=constant[1], chance_kind=chance_kind, bound=float((most >= 0.5).mean()),
                bound_kind=bound_kind, scored=False, **common,
            ),
        ]  # fmt: skip

    @property
    def _single(self) -> list[int]:
        """Things that are one: their words have one box."""
        return [at for at, thing in enumerate(self.things.things) if len(thing.boxes) == 1]

    def _common(self) -> dict[str, Any]:
        found = self.things
        return {
            "items": f"things {found.board.pictures.digest}",
            "family": found.pictures.tolist(),
            "protocol": {"phrases": len(found.phrases), "templates": found.templates, "side": found.board.side},
        }


def heat_boxes(heats: np.ndarray, view: View) -> np.ndarray:
    """(t, 4) x, y, width, height of the largest part of each map (t, gy, gx) above mean + one deviation."""
    boxes = [
        tight_boxes(pixels(heats[first : first + 64, ..., None], view)[:, 0].numpy())
        for first in range(0, len(heats), 64)
    ]
    return np.concatenate([np.zeros((0, 4)), *boxes])


def _filled(box: np.ndarray, side: int) -> np.ndarray:
    plane = np.zeros((side, side))
    x, y, w, h = np.round(box).astype(int)
    plane[max(0, y) : y + h, max(0, x) : x + w] = 1
    return plane
