r"""SILC: what words teach, and self-distillation (Naeem et al. 2023, https://arxiv.org/abs/2310.13355).

    L = 1/2 sum_{2 large crops} L_words + lambda 1/(2 s) sum_t sum_s H( P_t, z_s ),   lambda = 1

L_words is CLIP's loss of a large crop against the captions, or SigLIP's (then it is SILC*). The second term is DINO's,
from small crops to large ones: the student says of every small crop what its teacher, the tower's running average, says
of the two large ones. Words teach what a picture shows, small crops where: patches come out as parts of things.
A wrapper around either method. A caption is encoded once, and each large crop is compared with the batch's captions on
its own: two crops of a picture in one matrix would be each other's negatives. The momentum does not grow to 1.
Departures: lambda, the momentum and the head's sizes are ours (DINO's), crops are neither mirrored nor recoloured
(`data/views/captioned.py`). DINO's pairs of two large crops are left out: the paper's text has local to global alone.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sightline.methods.parts.consistency import consistency
from sightline.methods.parts.follower import Follower, Following, Heads
from sightline.methods.parts.targets import Centering, Targets
from sightline.methods.parts.teaching import GLOBALS, Head, by_size
from sightline.nn.head import unit, width
from sightline.protocols import Batch, Kept, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """`pair` is the inner method's own Config."""

    pair: Any
    weight: float = 1.0
    """lambda"""
    head: Head = Head()
    teaching: Following = Following()
    targets: Targets = Centering()


class SILC(nn.Module):
    """Wraps a method that has `embed`, `compare`, `encode_image` and a tower `image`."""

    needs_whole_batch = "every picture is compared with the captions of the whole batch"

    def __init__(self, pair: Any, config: Config) -> None:
        super().__init__()
        self.config, self.pair = config, pair
        self.needs, self.uses = frozenset(pair.needs | {"views"}), pair.uses
        self.teacher = Follower(pair.image, config.teaching)
        self.heads = Heads(width(pair.image), config.head, config.targets)
        self.watched: dict[str, Tensor] = {}

    def check(self, batch_size: int) -> None:
        """ValueError where a batch of so many pictures, over all devices, cannot balance or center the prototypes."""
        self.config.targets.check(self.config.head.prototypes, batch_size)

    def forward(self, batch: Batch) -> Losses:
        """The inner method's terms, each the mean over the large crops, and "consistency"; the image and its first view
        are the large ones. ValueError where there are no small ones."""
        views, b = [batch["image"], *batch["views"]], len(batch["image"])
        large, small = views[:GLOBALS], views[GLOBALS:]
        if not small:
            raise ValueError(
                f"small crops are compared with {GLOBALS} large ones, and this recipe makes {len(views)} views: set "
                "data.views.count=4 (of CaptionCrops)"
            )
        first, *said = self.pair.embed(batch)
        seen = [first, *(unit(self.pair.encode_image(view)) for view in large[1:])]
        each = [self.pair.compare((v, *said), batch) for v in seen]
        terms = {name: torch.stack([terms[name] for terms in each]).mean() for name in each[0]}
        pooled = torch.cat([self.pair.image(view).pooled for view in by_size(small)]).unflatten(0, (-1, b))
        told = torch.cat([self.teacher(view).pooled for view in by_size(large)]).unflatten(0, (-1, b))
        loss, watched = consistency(self.heads, pooled, told, self.teacher.temperatures)
        self.watched = self.pair.watched | watched
        return terms | {"consistency": self.config.weight * loss}

    def rates(self) -> dict[str, float]:
        """The inner method's, by the names its parameters have here."""
        return {f"pair.{name}": rate for name, rate in getattr(self.pair, "rates", dict)().items()}

    def before_step(self, step: int, total: int) -> None:
        """The inner method's schedules, the teacher's temperature, and whether the prototypes learn."""
        self.pair.before_step(step, total)
        self.teacher.before_step(step, total, self.heads)

    def after_step(self) -> None:
        """The scale is held; then the teacher follows."""
        self.pair.after_step()
        self.teacher.after_step(self.pair.image, self.heads)

    def kept(self) -> Kept:
        """What the inner method keeps: the student, which the words have taught."""
        return self.pair.kept()
