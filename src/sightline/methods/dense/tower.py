"""A tower under a head of maps: built so that all of it that learns is read."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from sightline.towers.dense.feature_map import unread


def read(spec: Any, blocks: Sequence[int]) -> nn.Module:
    """The tower of an image spec; what the maps after `blocks` do not depend on (later blocks, the pooling of whole
    pictures) gets no gradients, for there are none."""
    tower = spec.build()
    for parameter in unread(tower, blocks, getattr(spec, "size", 0), spec.channels):
        parameter.requires_grad_(False)
    return tower
