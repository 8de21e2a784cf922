"""A batch of pictures on its way through the augmentation."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from sightline.data.augment.draws import Draws
from sightline.data.augment.geometry import Transform, still


@dataclass(frozen=True, slots=True)
class Pictures:
    """Float pictures in [0, 1], of which the upper left `size` is valid."""

    image: Float[Tensor, "b c y x"]
    """by c: 1 the coverage of one ink a picture; 3 opaque RGB; 4 RGB premultiplied by alpha, and alpha"""
    size: np.ndarray
    """(b, 2) int64 valid height and width"""
    target: int
    """what geometry resizes to, in pixels"""
    opaque: Bool[Tensor, " b"]
    """pictures that had no transparency: their colours are left alone, only what lies outside them is filled"""
    transform: Transform
    """where the points of the stored pictures are now"""
    ink: Float[Tensor, "b 3"] | None = None
    """the ink of each picture, where c is 1"""
    drawn: Float[Tensor, "b 3"] | None = None
    """the mean colour of what is drawn, where something that is no ink (a shadow) lies among it"""

    @property
    def alpha(self) -> Float[Tensor, "b y x"] | None:
        """Coverage, None where all pictures are opaque."""
        match self.image.shape[1]:
            case 1:
                return self.image[:, 0]
            case 3:
                return None
            case _:
                return self.image[:, 3]

    def with_image(self, image: Float[Tensor, "b c y x"]) -> "Pictures":
        """Other colours in the same places. ValueError where there are more or fewer pixels: that takes `moved`."""
        if image.shape[2:] != self.image.shape[2:]:
            raise ValueError(
                f"pictures of {tuple(self.image.shape[2:])} pixels became {tuple(image.shape[2:])}; an operation that "
                "resizes says where points go: return pictures.moved(image, map)"
            )
        return replace(self, image=image)

    def moved(self, image: Float[Tensor, "b c y x"], by: np.ndarray) -> "Pictures":
        """The pixels that an operation of geometry made, all of them valid; `by` (b, 2, 3) takes points of these
        pictures to those of the new ones."""
        size = np.broadcast_to(np.array(image.shape[2:], np.int64), self.size.shape)
        return replace(self, image=image, size=size, transform=self.transform.then(by, size))

    def tensor(self, values: np.ndarray) -> Tensor:
        """Draws brought to where the pictures are, float32 (or bool)."""
        kind = torch.bool if values.dtype == np.bool_ else torch.float32
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.image.device, kind, non_blocking=True)


Op = Callable[[Pictures, Draws], Pictures]
"""A step of the pipeline: a frozen dataclass of its parameters, called with the pictures and its own draws.

One that moves points returns `pictures.moved(image, map)`. One that may mirror has `mirrors(draws)` -> (b,) bool beside
it, by which captions that name sides are told without a pixel (`AugmentViews.mirrored`).
"""


def unpack(stored: UInt8[Tensor, "b c y x"], size: np.ndarray, target: int) -> Pictures:
    """Stored uint8 RGB or straight RGBA as premultiplied floats.

    A batch of purely black drawings (most icon sets) is carried as coverage alone: a quarter of the work.
    """
    stay = still(size)
    if stored.shape[1] == 3:
        opaque = torch.ones(len(stored), dtype=torch.bool, device=stored.device)
        return Pictures(stored.float().mul_(1 / 255), size, target, opaque, stay)
    alpha = stored[:, 3].float().mul_(1 / 255)
    # less than half a pixel of transparency in all is none
    opaque = alpha.sum((1, 2)) > torch.from_numpy(size.prod(1) - 0.5).to(stored.device)
    if not stored[:, :3].any():
        ink = torch.zeros(len(stored), 3, device=stored.device)
        return Pictures(alpha[:, None], size, target, opaque, stay, ink)
    image = stored.float().mul_(1 / 255)
    image[:, :3].mul_(image[:, 3:])
    return Pictures(image, size, target, opaque, stay)
