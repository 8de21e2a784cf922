"""Views of a picture that words are said of: large ones, which both the words and the teacher see, and small ones."""

from dataclasses import dataclass

from sightline.data.augment.alpha import Background
from sightline.data.augment.crop import CropResize
from sightline.data.augment.pipeline import View
from sightline.data.augment.resample import BICUBIC
from sightline.data.views.kinds import KEEP, Range, check_range


@dataclass(frozen=True)
class CaptionCrops:
    """SILC's two large crops and eight small ones (Naeem et al. 2023); TIPS has one large one (`large=1`).

    Neither mirrored nor recoloured, ours: every large crop is compared with the words, which say "left" and "red", and
    small ones that were would teach that these do not matter. Order: the large ones, then the small ones.
    """

    large: int = 2
    count: int = 8
    """small crops"""
    size: int = 0
    """pixels of a small crop's side; 0 is half the large one's"""
    large_scale: Range = (0.4, 1.0)
    """area, as a share of the picture"""
    small_scale: Range = (0.05, 0.4)

    def __post_init__(self) -> None:
        check_range(self.large_scale)
        check_range(self.small_scale)
        if self.large < 1 or self.count < 0 or self.size < 0:
            raise ValueError(
                f"large={self.large}, count={self.count}, size={self.size}: there is a large crop at least, and the "
                "others cannot be negative"
            )

    def __call__(self, size: int) -> list[View]:
        large = View([CropResize(self.large_scale, keep=0.5, kernel=BICUBIC), Background()], size)
        small = View([CropResize(self.small_scale, keep=KEEP, kernel=BICUBIC), Background()], self.size or size // 2)
        return [large] * self.large + [small] * self.count
