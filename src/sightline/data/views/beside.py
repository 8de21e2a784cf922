"""Crops beside a picture that words and boxes are said of: what is done to the crops does not touch it."""

from dataclasses import dataclass

from sightline.data.augment.pipeline import View, evaluation
from sightline.data.views.kinds import MultiCrop


@dataclass(frozen=True)
class Beside:
    """The whole picture as it is, one large crop and the small ones of `crops`: SigLIP 2's (Tschannen et al. 2025).

    Its second large crop is left out: the teacher sees one. Order: the picture, the large crop, the small ones.
    """

    crops: MultiCrop = MultiCrop(count=8)

    def __call__(self, size: int) -> list[View]:
        large, _, *small = self.crops(size)
        return [View(evaluation(size), size), large, *small]
