"""The two contrasts of Exemplar-CNN (Dosovitskiy et al. 2014/15, https://arxiv.org/abs/1406.6909, section 3.1)."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from sightline.data.augment.alpha import flat
from sightline.data.augment.draws import Draws
from sightline.data.augment.pictures import Pictures

AXES = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 2.0, -1.0]])
"""The principal directions of natural colours, near enough for every set of photographs: light, red against blue, green
against purple (Ohta, Kanade, Sakai 1980). The paper computes those of its own pixels."""
MIDDLE = 0.5
GREY = 0.5 / 255
"""chroma up to which a pixel is grey: half of the least that eight bits can show"""


@dataclass(frozen=True)
class ComponentContrast:
    """Each principal component of a picture's colours times its own factor, log-uniform in `factor`, about mid-grey."""

    factor: tuple[float, float] = (0.5, 2.0)

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        pictures = flat(pictures)
        gain = np.exp(draws.many("factor", 3, *np.log(self.factor)))
        axes = AXES / np.linalg.norm(AXES, axis=1, keepdims=True)
        matrix = pictures.tensor(np.einsum("ka,bk,kc->bac", axes, gain, axes))
        image = torch.einsum("bac,bcyx->bayx", matrix, pictures.image - MIDDLE) + MIDDLE
        return replace(pictures, image=image.clamp_(0, 1))


@dataclass(frozen=True)
class PowerContrast:
    """Saturation and value (of HSV) to a power, times a factor, plus a shift, each drawn for both; the hue stays."""

    power: tuple[float, float] = (0.25, 4.0)
    """log-uniform, so that the strong and the weak are as frequent"""
    factor: tuple[float, float] = (0.7, 1.4)
    shift: tuple[float, float] = (-0.1, 0.1)

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        pictures = flat(pictures)
        power = pictures.tensor(np.exp(draws.many("power", 2, *np.log(self.power))))
        factor = pictures.tensor(draws.many("factor", 2, *self.factor))
        shift = pictures.tensor(draws.many("shift", 2, *self.shift))
        value = pictures.image.amax(1, keepdim=True)
        chroma = value - pictures.image.amin(1, keepdim=True)
        tiny = torch.finfo(chroma.dtype).tiny
        away = (value - pictures.image) / chroma.clamp(min=tiny)  # the hue: where a channel lies below the value
        both = torch.cat([chroma / value.clamp(min=tiny), value], 1)
        each = (slice(None), slice(None), None, None)
        saturation, bright = both.pow(power[each]).mul(factor[each]).add(shift[each]).clamp(0, 1).split(1, 1)
        # grey has no hue: it stays grey whatever the shift of the saturation, also where rounding tints it
        saturation = torch.where(chroma > GREY, saturation, 0.0)
        return replace(pictures, image=bright - bright * saturation * away)
