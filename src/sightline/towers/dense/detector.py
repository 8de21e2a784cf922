"""torchvision's Faster R-CNN and Mask R-CNN heads on any maps: what proposes, what tells, and what outlines.

The networks, their losses and what is done with their answers are torchvision's; the picture comes prepared, so its
own resizing is left out. Added is only what makes a run exact: every picture's anchors and proposals are drawn by a
seed of its own, and the counts by which the losses are divided are told, so that ranks can be weighed.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn
from torchvision.models.detection._utils import BalancedPositiveNegativeSampler
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork

Target = dict[str, Tensor]
"""of one picture: `boxes` (n, 4) float left, top, right, bottom in pixels; `labels` (n,) int64 from 1; `masks`
(n, y, x) uint8 where outlines are learnt"""


@dataclass(frozen=True)
class Counted:
    """The losses of a batch, and by how many of what each was divided: {name: (mean, count)}."""

    losses: dict[str, tuple[Tensor, int]]


class PictureSampler(BalancedPositiveNegativeSampler):
    """torchvision's, which draws each picture's by a seed of its own: whatever stands beside it, it draws the same."""

    def __init__(self, like: BalancedPositiveNegativeSampler) -> None:
        super().__init__(like.batch_size_per_image, like.positive_fraction)
        self.seeds: Sequence[int] = ()
        self.sampled, self.positive = 0, 0

    def __call__(self, matched_idxs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        pairs = []
        for seed, matched in zip(self.seeds, matched_idxs, strict=True):
            with torch.random.fork_rng(devices=[matched.device] if matched.is_cuda else []):
                torch.manual_seed(seed)
                pairs.append([rows[0] for rows in super().__call__([matched])])
        positive, negative = ([pair[side] for pair in pairs] for side in range(2))
        self.positive = sum(int(rows.sum()) for rows in positive)
        self.sampled = self.positive + sum(int(rows.sum()) for rows in negative)
        return positive, negative


class Detector(nn.Module):
    """Maps -> boxes with classes (and masks): a neck, torchvision's region proposals and its heads on regions."""

    def __init__(
        self,
        neck: nn.Module,
        rpn: RegionProposalNetwork,
        roi_heads: RoIHeads,
        *,
        blocks: Sequence[int],
        names: Sequence[str],
        field: str,
    ) -> None:
        """`blocks` of the tower are read; class i + 1 is called names[i], 0 is the background; `field` of an object
        says its class."""
        super().__init__()
        self.neck, self.rpn, self.roi_heads = neck, rpn, roi_heads
        self.rpn.fg_bg_sampler = PictureSampler(rpn.fg_bg_sampler)
        self.roi_heads.fg_bg_sampler = PictureSampler(roi_heads.fg_bg_sampler)
        self.blocks, self.names, self.field = tuple(blocks), tuple(names), field

    @property
    def outlines(self) -> bool:
        """Whether it gives masks."""
        return self.roi_heads.has_mask()

    def learn(
        self,
        maps: OrderedDict[str, Tensor],
        size: tuple[int, int],
        targets: list[Target],
        seeds: Int[Tensor, " b"],
    ) -> Counted:
        """The losses of Ren et al. 2015, eq. 1 and its second stage, and of He et al. 2017 where it outlines.

        `size` is the height and width of the pictures; `seeds` are those of the draws of each.
        """
        numbers = seeds.tolist()
        proposing, telling = self.rpn.fg_bg_sampler, self.roi_heads.fg_bg_sampler
        assert isinstance(proposing, PictureSampler) and isinstance(telling, PictureSampler)
        proposing.seeds, telling.seeds = numbers, [number + 1 for number in numbers]
        with _learning(self.rpn, self.roi_heads):
            _, found = self._run(maps, size, targets)
        counts = {
            "objectness": proposing.sampled,
            "rpn_box_reg": proposing.sampled,
            "classifier": telling.sampled,
            "box_reg": telling.sampled,
            "mask": telling.positive,
        }
        terms = {name.removeprefix("loss_"): value for name, value in found.items()}
        return Counted({name: (value, counts[name]) for name, value in terms.items()})

    def forward(self, maps: OrderedDict[str, Tensor], size: tuple[int, int]) -> list[dict[str, Tensor]]:
        """Of each picture, `size` high and wide: `boxes` (n, 4) left, top, right, bottom in pixels, `labels` (n,) from
        1, `scores` (n,), best first, and `masks` (n, 1, 28, 28), chances within each box, where it outlines."""
        return self._run(maps, size, None)[0]

    def _run(
        self, maps: OrderedDict[str, Tensor], size: tuple[int, int], targets: list[Target] | None
    ) -> tuple[Any, Any]:
        first = next(iter(maps.values()))
        sizes = [size] * len(first)
        # torchvision looks at the pictures' shape alone
        pictures = ImageList(first.new_zeros(()).expand(len(first), 1, *size), sizes)
        # torchvision's boxes and suppression are written for float32
        with torch.autocast(first.device.type, enabled=False):
            pyramid = self.neck(OrderedDict((name, level.float()) for name, level in maps.items()))
            proposals, proposed = self.rpn(pictures, pyramid, targets)
            found, told = self.roi_heads(pyramid, proposals, sizes, targets)
        return found, {**proposed, **told}


@contextmanager
def _learning(*parts: nn.Module) -> Iterator[None]:
    """torchvision computes losses in training mode alone; nothing in these parts but that depends on the mode."""
    were = [part.training for part in parts]
    for part in parts:
        part.training = True
    try:
        yield
    finally:
        for part, was in zip(parts, were, strict=True):
            part.training = was
