r"""Faster R-CNN (Ren et al. 2015, https://arxiv.org/abs/1506.01497) on any tower: where things are, and of what class.

    L = 1/N sum_i BCE(p_i, p*_i) + 1/N sum_i p*_i smooth(t_i - t*_i)       N anchors: is here something, how far off
      + 1/M sum_j CE(q_j, k_j) + 1/M sum_j [k_j > 0] smooth(u_j - u*_j)     M proposals: what is it, how far off

Heads, losses, sampling and suppression are torchvision's, on a pyramid of the tower's maps: its own FPN (Lin et al.
2017) where the tower has several sizes, the simple pyramid of Li et al. 2022 where it has one.
Departures: pictures are brought to one size by the data pipeline, as everywhere here, not by torchvision's transform;
boxes that an augmentation cuts are cut with it; of a mean over two ranks N and M are everyone's.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sightline import dist
from sightline.data.feed.things import Things
from sightline.losses.weighted import weighted_mean
from sightline.nn.noise import rank_rows
from sightline.protocols import Batch, Kept, Losses
from sightline.towers.dense.feature_map import maps_of


@dataclass(frozen=True, kw_only=True)
class Config:
    """Weights of the terms, the paper's by default."""

    propose: float = 1.0
    """of the two of anchors"""
    tell: float = 1.0
    """of the two of proposals"""

    def __post_init__(self) -> None:
        if self.propose < 0 or self.tell < 0:
            raise ValueError(f"weights of terms are at least 0; got propose={self.propose} and tell={self.tell}")


class FasterRCNN(nn.Module):
    """A tower and a detector (`towers.dense.detector.Detector`) on its maps."""

    needs = frozenset({"image", "boxes", "box_ids", "box_labels"})
    uses = frozenset[str]()

    def __init__(self, image: Any, detector: Any, config: Config = Config()) -> None:
        super().__init__()
        self.config, self.image, self.detector = config, image, detector

    @property
    def things(self) -> Things:
        """The classes that `box_labels` tells apart."""
        return Things(self.detector.names, self.detector.field)

    def forward(self, batch: Batch) -> Losses:
        """{"objectness", "rpn_box_reg", "classifier", "box_reg"}, and "mask" of a detector that outlines."""
        image = batch["image"]
        maps = maps_of(self.image, image, self.detector.blocks)
        draws = rank_rows(torch.rand, (len(image),), torch.device("cpu"))
        seeds = (draws.double() * 2**31).long()
        found = self.detector.learn(maps, (image.shape[2], image.shape[3]), self.targets(batch), seeds)
        terms = {
            name: weighted_mean(mean, mean.new_tensor(float(count)), dist.mean)
            for name, (mean, count) in found.losses.items()
        }
        return {name: self.weight(name) * term for name, term in terms.items()}

    def weight(self, name: str) -> float:
        """Of a term."""
        return self.config.propose if name in ("objectness", "rpn_box_reg") else self.config.tell

    def targets(self, batch: Batch) -> list[dict[str, Tensor]]:
        """What torchvision asks of each picture: corners of boxes, and classes from 1; boxes of a class that is not
        learnt are left out."""
        made = []
        for boxes, ids, labels in zip(batch["boxes"], batch["box_ids"], batch["box_labels"], strict=True):
            classes = labels.to(ids.device)[ids] + 1
            known = classes > 0
            corners = torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)
            made.append({"boxes": corners[known], "labels": classes[known]})
        return made

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing moves beside the weights."""

    def kept(self) -> Kept:
        """Both: the tower embeds, with the detector it finds."""
        parts = {"image": self.image, "detector": self.detector}
        return Kept(parts=parts, capabilities=("embeds", "detects"))
