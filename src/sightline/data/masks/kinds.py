"""The kinds of masks a recipe can ask for."""

from sightline.data.masks.block import BlockMask
from sightline.data.masks.crossing import CrossingMask
from sightline.data.masks.element import ElementMask
from sightline.data.masks.random import RandomMask
from sightline.data.masks.strata import StrataMask
from sightline.data.masks.subelement import SubElementMask

Masks = RandomMask | BlockMask | StrataMask | ElementMask | SubElementMask | CrossingMask
"""spec(pictures in [0, 1], grid, draws) -> bool (b, gy, gx), true where masked"""
