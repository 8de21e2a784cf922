"""A drawing that is moved, and nothing else: what stays the same sign when another hand writes it."""

from dataclasses import dataclass

from sightline.data.augment import Affine
from sightline.data.augment.pictures import Op


@dataclass(frozen=True, kw_only=True)
class MovedView:
    """size -> one view: turned, moved, scaled and slanted about its middle, each within a range.

    Koch et al. 2015 ("Siamese neural networks for one-shot image recognition", section 4.2) train characters so; the
    ranges are theirs but for the moves, which are shares of the side here and 2 of 105 pixels there.
    """

    rotate: float = 10.0
    """degrees, to either side"""
    translate: float = 0.05
    """share of the side"""
    scale: tuple[float, float] = (0.8, 1.2)
    shear: float = 17.0
    """degrees: 0.3 of the height, to either side"""

    def __call__(self, size: int) -> list[Op]:
        return [Affine(rotate=self.rotate, translate=self.translate, scale=self.scale, shear=self.shear)]
