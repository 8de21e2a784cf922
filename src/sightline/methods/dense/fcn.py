r"""Fully convolutional network (Long, Shelhamer and Darrell 2015, https://arxiv.org/abs/1411.4038): a class a pixel.

    L = mean over pixels with a class of CE( upsample(head(map)), class )

The head is torchvision's `FCNHead` on one map of the tower. Departures: that map is the coarsest of at most 16 pixels
a place, and there are no skip connections (FCN-32s at another stride); bilinear enlargement is fixed; of several ranks
the pixels are counted together. Where the masks of a source number its boxes, the classes of the boxes are learnt, and
0 is the background.
"""

from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn

from sightline import dist
from sightline.data.feed.things import Things
from sightline.losses.classes import class_errors
from sightline.losses.weighted import weighted_mean
from sightline.protocols import Batch, Kept, Losses
from sightline.towers.dense.feature_map import maps_of


class FCN(nn.Module):
    """A tower and a segmenter (`towers.dense.segmenter.Segmenter`) on one of its maps."""

    uses = frozenset[str]()

    def __init__(self, image: Any, segmenter: Any) -> None:
        super().__init__()
        self.image, self.segmenter = image, segmenter
        self.needs = frozenset({"image", "mask"} | ({"box_labels"} if segmenter.instances else set()))

    @property
    def things(self) -> Things:
        """The classes that `box_labels` tells apart: all but the background."""
        return Things(self.segmenter.names[1:], self.segmenter.field)

    def forward(self, batch: Batch) -> Losses:
        """{"pixel"}."""
        image = batch["image"]
        maps = maps_of(self.image, image, self.segmenter.blocks)
        logits = self.segmenter(maps, (image.shape[2], image.shape[3]))
        return {"pixel": weighted_mean(*class_errors(logits, self.truth(batch)), dist.mean)}

    def truth(self, batch: Batch) -> Int[Tensor, "b y x"]:
        """The class of every pixel; -1 where it has none that is learnt."""
        mask = batch["mask"].long()
        if self.segmenter.instances:
            return torch.stack([of_boxes(one, labels) for one, labels in zip(mask, batch["box_labels"], strict=True)])
        unknown = (mask < 0) | (mask >= len(self.segmenter.names))
        for number in self.segmenter.ignore:
            unknown |= mask == number
        return mask.masked_fill(unknown, -1)

    def before_step(self, step: int, total: int) -> None:
        """Nothing is scheduled."""

    def after_step(self) -> None:
        """Nothing moves beside the weights."""

    def kept(self) -> Kept:
        """Both: the tower embeds, with the segmenter it says what every pixel is."""
        parts = {"image": self.image, "segmenter": self.segmenter}
        return Kept(parts=parts, capabilities=("embeds", "segments"))


def of_boxes(mask: Int[Tensor, "y x"], labels: Int[Tensor, " n"]) -> Int[Tensor, "y x"]:
    """Numbers of boxes, from 1, as numbers of classes, from 1; 0 stays 0, a box of no learnt class is -1."""
    classes = torch.where(labels >= 0, labels + 1, -1).to(mask.device)
    table = torch.cat([mask.new_tensor([-1, 0]), classes, mask.new_tensor([-1])])
    return table[(mask + 1).clamp(0, len(table) - 1)]
