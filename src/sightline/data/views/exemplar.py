"""The transforms of Exemplar-CNN as data (Dosovitskiy et al. 2014/15, https://arxiv.org/abs/1406.6909, section 3.1)."""

from dataclasses import dataclass

from sightline.data.augment import Affine, Background, ColorJitter, Flip
from sightline.data.augment.exemplar import ComponentContrast, PowerContrast
from sightline.data.augment.pictures import Op

GREY = (0.5, 0.5, 0.5)


@dataclass(frozen=True, kw_only=True)
class ExemplarViews:
    """size -> one view: moved, scaled, turned, its colours scaled along principal axes, S and V to a power, hue turned.

    Departure: the paper cuts its patches from larger pictures; where the whole picture is the patch, what a transform
    uncovers is grey.
    """

    translate: float = 0.2
    """share of the side"""
    scale: tuple[float, float] = (0.7, 1.4)
    rotate: float = 20.0
    """degrees"""
    components: tuple[float, float] = (0.5, 2.0)
    power: tuple[float, float] = (0.25, 4.0)
    hue: float = 0.1
    """share of the circle"""
    flip: float = 0.0
    """probability of mirroring, which the paper leaves out"""

    def __call__(self, size: int) -> list[Op]:
        mirror: list[Op] = [Flip(self.flip)] if self.flip else []
        return [
            Affine(rotate=self.rotate, translate=self.translate, scale=self.scale),
            Background(GREY),
            *mirror,
            ComponentContrast(self.components),
            PowerContrast(self.power),
            ColorJitter(hue=self.hue),
        ]
