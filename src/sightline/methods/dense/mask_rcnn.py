r"""Mask R-CNN (He et al. 2017, https://arxiv.org/abs/1703.06870): Faster R-CNN that outlines what it finds.

    L = L_Faster R-CNN + 1/(28^2 P) sum_j sum_pixels BCE(m_j[k_j], m*_j)       of the P proposals that are something

A mask of 28 x 28 for every class, of which that of the right one is compared: classes do not compete for a pixel. The
head is torchvision's. The mask of a source numbers what it shows: k is what lies in box k, counted from 1; of things
that overlap it has the visible part. Otherwise as `faster_rcnn`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from sightline.methods.dense import faster_rcnn
from sightline.methods.dense.faster_rcnn import FasterRCNN
from sightline.protocols import Batch, Kept


@dataclass(frozen=True, kw_only=True)
class Config(faster_rcnn.Config):
    """Weights of the terms, the paper's by default."""

    outline: float = 1.0
    """of the masks"""


class MaskRCNN(FasterRCNN):
    """The same with a detector that has a mask head (`MaskDetectorSpec`)."""

    needs = FasterRCNN.needs | {"mask"}

    def weight(self, name: str) -> float:
        if name == "mask" and isinstance(self.config, Config):
            return self.config.outline
        return super().weight(name)

    def targets(self, batch: Batch) -> list[dict[str, Tensor]]:
        """With `masks` (n, y, x), which pixels show each."""
        made = super().targets(batch)
        rows = zip(made, batch["mask"], batch["box_ids"], batch["box_labels"], strict=True)
        for target, mask, ids, labels in rows:
            known = ids[labels.to(ids.device)[ids] >= 0]
            target["masks"] = (mask[None] == known[:, None, None] + 1).to(torch.uint8)
        return made

    def kept(self) -> Kept:
        """Both: the tower embeds, with the detector it finds and outlines."""
        parts = {"image": self.image, "detector": self.detector}
        return Kept(parts=parts, capabilities=("embeds", "detects", "segments"))
