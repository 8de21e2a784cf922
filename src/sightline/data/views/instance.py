"""The view of instance discrimination as data (Wu et al. 2018, https://arxiv.org/abs/1805.01978, released code)."""

from dataclasses import dataclass

from sightline.data.augment import Background, ColorJitter, CropResize, Gray
from sightline.data.augment.pictures import Op


@dataclass(frozen=True, kw_only=True)
class InstanceViews:
    """size -> one view: a crop, mirrored half the time, colours jittered, now and then grey."""

    scale: tuple[float, float] = (0.2, 1.0)
    """share of the picture's area"""
    flip: float = 0.5
    jitter: float = 0.4
    """of brightness, contrast and saturation"""
    hue: float = 0.4
    """share of the circle; SimCLR turns less"""
    gray: float = 0.2

    def __call__(self, size: int) -> list[Op]:
        return [
            # of a drawing with alpha, which stands on white, a crop shows a fifth at least
            CropResize(scale=self.scale, flip=self.flip, keep=0.2),
            Background(),
            Gray(p=self.gray),
            ColorJitter(self.jitter, self.jitter, self.jitter, self.hue),
        ]
