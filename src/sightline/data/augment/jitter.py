"""Random colour operations. They work on opaque pictures: what is still transparent is put on white first."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from sightline.data.augment import colour
from sightline.data.augment.alpha import flat
from sightline.data.augment.draws import Draws
from sightline.data.augment.pictures import Pictures


@dataclass(frozen=True)
class ColorJitter:
    """Brightness, contrast, saturation (factors uniform in 1 +- value), hue (uniform in +- value), with probability p.

    Departure from torchvision: the order of the four is drawn once a step, not once a picture.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    p: float = 1.0

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        steps = [
            ("brightness", self.brightness, 1.0, colour.adjust_brightness),
            ("contrast", self.contrast, 1.0, colour.adjust_contrast),
            ("saturation", self.saturation, 1.0, colour.adjust_saturation),
            ("hue", self.hue, 0.0, colour.adjust_hue),
        ]

        def jitter(images: Tensor, rows: np.ndarray) -> Tensor:
            for number in np.argsort(draws.shared("order", len(steps))):
                name, width, middle, adjust = steps[number]
                if width:
                    low = max(0.0, middle - width) if middle else -width
                    factor = draws.uniform(name, low, middle + width)[rows]
                    images = adjust(images, pictures.tensor(factor))
            return images

        return _some(pictures, draws.chance("chosen", self.p), jitter)


@dataclass(frozen=True)
class Gray:
    """Grey in three channels with probability p."""

    p: float = 0.2

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        return _some(pictures, draws.chance("chosen", self.p), lambda images, rows: colour.rgb_to_grayscale(images))


@dataclass(frozen=True)
class Blur:
    """A Gaussian blur of `sigma` pixels, uniform in a range, with probability p; `kernel_size` is odd."""

    kernel_size: int
    sigma: tuple[float, float] = (0.1, 2.0)
    p: float = 0.5

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        sigma = draws.uniform("sigma", *self.sigma)
        return _some(
            pictures,
            draws.chance("chosen", self.p),
            lambda images, rows: colour.gaussian_blur(images, self.kernel_size, pictures.tensor(sigma[rows])),
        )


@dataclass(frozen=True)
class Solarize:
    """Values from `threshold` (in [0, 1]) on inverted, with probability p."""

    threshold: float = 0.5
    p: float = 0.2

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        return _some(
            pictures,
            draws.chance("chosen", self.p),
            lambda images, rows: colour.solarize(images, images.new_full((len(images),), self.threshold)),
        )


@dataclass(frozen=True)
class Invert:
    """The negative with probability p."""

    p: float = 0.5

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        return _some(pictures, draws.chance("chosen", self.p), lambda images, rows: colour.invert(images))


def _some(pictures: Pictures, chosen: np.ndarray, change: Callable[[Tensor, np.ndarray], Tensor]) -> Pictures:
    """`change(images, row numbers)` on the chosen pictures only: cheaper than on all and thrown away for most."""
    pictures = flat(pictures)
    rows = np.flatnonzero(chosen)
    if not len(rows):
        return pictures
    if len(rows) == len(chosen):
        return replace(pictures, image=change(pictures.image, rows))
    at = torch.from_numpy(rows).to(pictures.image.device)
    return replace(pictures, image=pictures.image.index_copy(0, at, change(pictures.image[at], rows)))
