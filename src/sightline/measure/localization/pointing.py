"""P2 and P3: where an encoder sees what a phrase says. cos(patch, phrase) is a heat map.

Pointing game (Zhang et al. 2016, https://arxiv.org/abs/1608.00507): the middle of the hottest patch lies on the thing.
Referring box: the map, enlarged bilinearly, above its mean + one deviation; the largest connected part; its tight box;
IoU with the thing's. Hottest patches that tie count by their share.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from sightline.measure.finding import Finding, MeanOf
from sightline.measure.localization.iou import EQUAL, pixels
from sightline.measure.localization.things import Things
from sightline.measure.localization.zero_shot import PATH
from sightline.measure.places import View, reachable
from sightline.measure.subject.subject import Subject
from sightline.probes.boxes import box_iou, constant_iou
from sightline.probes.grid import summed


@dataclass(frozen=True, eq=False)
class Pointing:
    """Ready to be asked of any encoder with patches in a space of words."""

    things: Things

    def ask(self, subject: Subject) -> list[Finding]:
        found = self.things
        patches, view = found.patches(subject)
        texts = found.texts(subject)
        heats = np.einsum("tyxe,te->tyx", patches[found.pictures], texts[found.numbers])
        on = np.stack([view.inside(thing.area) for thing in found.things]).astype(np.float64)
        hottest = heats >= heats.max(axis=(1, 2), keepdims=True) - EQUAL
        hits = (hottest * on).sum(axis=(1, 2)) / hottest.sum(axis=(1, 2))
        common = {
            "items": f"things {found.board.pictures.digest}",
            "family": found.pictures.tolist(),
            "protocol": {"phrases": len(found.phrases), "templates": found.templates, "side": found.board.side},
        }
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
            *self._boxes(heats, view, common),
        ]
        return [reachable(finding) for finding in asked]

    def _boxes(self, heats: np.ndarray, view: View, common: dict) -> list[Finding]:
        single = [at for at, thing in enumerate(self.things.things) if len(thing.boxes) == 1]
        if not single:
            return []
        things = [self.things.things[at] for at in single]
        truth = np.concatenate([thing.boxes for thing in things])
        ious = box_iou(heat_boxes(heats[single], view), truth)
        cover = np.stack([summed(view.cut(_filled(box, view.side)), view.grid) for box in truth])
        most = box_iou(heat_boxes(cover, view), truth)
        constant = constant_iou(truth, view.side)
        common |= {"items": common["items"] + " boxes", "family": [thing.picture for thing in things]}
        chance_kind = "best constant box"
        return [
            Finding(
                metric="referring box IoU", statistic=MeanOf(ious), chance=constant[0], chance_kind=chance_kind,
                bound=float(most.mean()), bound_kind="patch grid", **common,
            ),
            Finding(
                metric="referring box at IoU 0.5", statistic=MeanOf((ious >= 0.5).astype(np.float64)),
                chance=constant[1], chance_kind=chance_kind, bound=float((most >= 0.5).mean()),
                bound_kind="patch grid", scored=False, **common,
            ),
        ]  # fmt: skip


def heat_boxes(heats: np.ndarray, view: View) -> np.ndarray:
    """(t, 4) x, y, width, height of the largest part of each map (t, gy, gx) above mean + one deviation."""
    boxes = []
    for first in range(0, len(heats), 64):
        for plane in pixels(heats[first : first + 64, ..., None], view)[:, 0].numpy():
            hot: Any = np.zeros(plane.shape, np.int32)
            ndimage.label(plane >= min(plane.mean() + plane.std(), plane.max()) - EQUAL, output=hot)
            largest = np.bincount(hot.ravel())[1:].argmax() + 1
            y, x = np.nonzero(hot == largest)
            boxes.append([x.min(), y.min(), x.max() + 1 - x.min(), y.max() + 1 - y.min()])
    return np.array(boxes, np.float64)


def _filled(box: np.ndarray, side: int) -> np.ndarray:
    plane = np.zeros((side, side))
    x, y, w, h = np.round(box).astype(int)
    plane[max(0, y) : y + h, max(0, x) : x + w] = 1
    return plane
