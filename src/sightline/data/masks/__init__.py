"""Masks of patches for masked modelling: what is hidden of each picture, made beside the augmentation.

Every mask depends on (seed, step, sample, scope) and the picture alone, so a batch cut in two gets the same masks
(except `StrataMask`, which shares ratios out over the batch).
"""

from sightline.data.masks.block import BlockMask
from sightline.data.masks.crossing import CrossingMask
from sightline.data.masks.element import ElementMask
from sightline.data.masks.elements import background, ink, segment
from sightline.data.masks.kinds import Masks
from sightline.data.masks.parts import parts
from sightline.data.masks.patches import cover, edge, ink_share, solid
from sightline.data.masks.random import RandomMask
from sightline.data.masks.strata import StrataMask
from sightline.data.masks.subelement import SubElementMask

__all__ = [
    "BlockMask",
    "CrossingMask",
    "ElementMask",
    "Masks",
    "RandomMask",
    "StrataMask",
    "SubElementMask",
    "background",
    "cover",
    "edge",
    "ink",
    "ink_share",
    "parts",
    "segment",
    "solid",
]
