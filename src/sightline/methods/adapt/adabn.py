"""The statistics of the target: everything is learnt on the source, and normalised as the target's pictures lie.

    y = gamma ( x - mean_T ) / sqrt(var_T + eps) + beta,     gamma, beta and all weights from the source

AdaBN (Li, Wang, Shi, Liu and Hou 2016, https://arxiv.org/abs/1603.04779, algorithm 1). The source's pictures are
normalised by their own batch and leave the running statistics alone; those are of the target's pictures, which give no
gradient.
Departure: the paper passes all of the target once, after training; here they are the running mean of its last batches,
under a rate that has gone to 0, so that what is evaluated meanwhile and what is kept are one thing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from sightline.methods.parts.adapting import Adapting
from sightline.nn.conv.sync_norm import BATCHNORM
from sightline.protocols import Batch, Losses


@dataclass(frozen=True, kw_only=True)
class Config:
    """Numbers of the method."""

    momentum: float = 0.05
    """share of the running statistics that a batch replaces: they are of the last twenty or so"""

    def __post_init__(self) -> None:
        if not 0 < self.momentum <= 1:
            raise ValueError(f"momentum is the share that a batch replaces, above 0 and at most 1; got {self.momentum}")


class AdaBN(Adapting):
    """See the module."""

    def __init__(self, image: nn.Module, classes: nn.Linear, config: Config = Config()) -> None:
        """ValueError for a tower without BatchNorm."""
        norms: list[Any] = [part for part in image.modules() if isinstance(part, BATCHNORM)]
        if not norms:
            raise ValueError(
                f"adabn moves the statistics of BatchNorms, and {type(image).__name__} has none: take a convolutional "
                "tower that has (image=ResNetSpec(...)), or coral, dann or self_training, which work with any"
            )
        super().__init__(image, classes, config)
        for norm in norms:
            norm.momentum = config.momentum

    def forward(self, batch: Batch) -> Losses:
        """{"class"} of the source; the running statistics move by the target."""
        source = batch["domain"] == 0
        with statistics_kept(self.image):
            logits = self.logits(batch["image"][source])
        if self.training:
            with torch.no_grad():
                self.image(batch["image"][~source])
        return {"class": self.judged(logits, batch)}


@contextmanager
def statistics_kept(module: nn.Module) -> Iterator[None]:
    """Within it, BatchNorms in training mode normalise by the batch as ever and remember nothing of it."""
    norms: list[Any] = [part for part in module.modules() if isinstance(part, BATCHNORM) and part.training]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
