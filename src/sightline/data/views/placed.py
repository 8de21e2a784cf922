"""One view for what is said of places: the whole picture, a little larger or smaller, moved, mirrored, recoloured."""

from dataclasses import dataclass

from sightline.data.augment.affine import Affine
from sightline.data.augment.alpha import Background
from sightline.data.augment.crop import Flip
from sightline.data.augment.jitter import ColorJitter
from sightline.data.augment.pictures import Op
from sightline.data.views.kinds import Range


@dataclass(frozen=True, kw_only=True)
class PlacedView:
    """size -> one view; masks, depth and boxes follow it. Pictures are fitted into the square as for evaluation
    (`data.preprocess.resize=pad`), so that things are as large as they will be."""

    scale: Range = (0.8, 1.25)
    """how much larger or smaller than fitted"""
    translate: float = 0.1
    """to either side, as a share of it"""
    flip: float = 0.5
    """probability of mirroring left and right"""
    jitter: float = 0.2
    """of brightness, contrast and saturation; 0 leaves them"""

    def __call__(self, size: int) -> list[Op]:
        jitter = self.jitter
        colours: list[Op] = [ColorJitter(jitter, jitter, jitter, 0.0, p=0.8)] if jitter else []
        moved = Affine(rotate=0.0, translate=self.translate, scale=self.scale, shear=0.0)
        return [moved, Flip(self.flip), Background(), *colours]
