"""What stands behind a transparent picture, and what ink it is drawn in: always so that it can be seen."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sightline.data.augment.draws import Draws
from sightline.data.augment.paper import board, clouds, gradient
from sightline.data.augment.pictures import Pictures

WHITE = (1.0, 1.0, 1.0)
VISIBLE, ENOUGH = 40 / 255, 0.02
"""As in `data.preprocess`: how far a pixel's most different channel is from a background it can be told from, and the
share of the ink for which that must hold."""
TRIES = 8
SINGLE = 0.04
"""Mean distance from the mean colour up to which a picture counts as drawn in one ink."""

Colour = tuple[float, float, float]


def luminance(rgb: Float[Tensor, "*b 3"]) -> Float[Tensor, "*b"]:
    """Relative luminance of sRGB colours in [0, 1] (WCAG 2.1)."""
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ linear.new_tensor([0.2126, 0.7152, 0.0722])


def contrast(a: Float[Tensor, "*b 3"], b: Float[Tensor, "*#b 3"]) -> Float[Tensor, "*b"]:
    """WCAG contrast ratio of two colours, 1 (none) to 21 (black on white)."""
    one, other = luminance(a) + 0.05, luminance(b) + 0.05
    return torch.maximum(one, other) / torch.minimum(one, other)


def mean_ink(pictures: Pictures) -> Float[Tensor, "b 3"]:
    """The mean colour of what is drawn, weighted by coverage; black where nothing is. A shadow is not drawn."""
    if pictures.drawn is not None:
        return pictures.drawn
    if pictures.ink is not None:
        return pictures.ink
    rgb, alpha = pictures.image[:, :3].sum((2, 3)), pictures.image[:, 3:].sum((2, 3))
    return (rgb / alpha.clamp(min=1e-6)).clamp(0, 1)


def coloured(pictures: Pictures) -> Pictures:
    """Coverage of one ink as RGBA; pictures that have colours as they are."""
    if pictures.ink is None:
        return pictures
    alpha = pictures.image
    return replace(pictures, image=torch.cat([alpha * pictures.ink[:, :, None, None], alpha], 1), ink=None)


@dataclass(frozen=True)
class Background:
    """Something opaque behind every picture: a plain colour, or now and then a random one or a pattern.

    A random colour contrasts with the mean ink by `contrast` (WCAG). A pattern goes from such a colour a fifth of the
    way to black or white: a gradient and noise away from the ink. The plain colour gives way to its opposite, black or
    white, where the drawing would not be seen on it, by the rule of `data.preprocess`: a white icon stands on black.
    Pictures that were opaque keep the plain colour, seen only where an operation has uncovered it.
    """

    colour: Colour = WHITE
    random: float = 0.0
    """probability of a random colour"""
    checker: float = 0.0
    """probability of a checkerboard of a random colour, its cells 1/64 to 1/8 of the picture"""
    contrast: float = 1.5
    gradient: float = 0.0
    """probability of a gradient"""
    noise: float = 0.0
    """probability of smooth noise"""

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        if pictures.image.shape[1] == 3:
            return pictures
        ink = mean_ink(pictures)
        plain = torch.tensor(self.colour, device=ink.device).expand_as(ink)
        paper = torch.where(visible(pictures, plain)[:, None], plain, _opposite(plain))
        kind, patterns, most = np.ones(len(ink)), [], self.random
        for chance, make in ((self.checker, board), (self.gradient, gradient), (self.noise, clouds)):
            patterns.append((most, most + chance, make))
            most += chance
        if most:
            kind = draws.uniform("kind")
            drawn = _pick(pictures.tensor(draws.many("colour", 3 * TRIES)), ink, self.contrast, _opposite(ink))
            paper = torch.where(pictures.tensor(kind < most)[:, None], drawn, paper)
        paper = torch.where(pictures.opaque[:, None], plain, paper)[:, :, None, None]
        image = _over(pictures, paper)
        for low, high, make in patterns:
            rows = np.flatnonzero((kind >= low) & (kind < high))
            if len(rows):
                pattern = pictures.tensor(make(pictures, draws, rows))[:, None]
                away = _opposite(ink) if make is board else _beyond(paper[:, :, 0, 0], ink)
                second = away[:, :, None, None].lerp(paper, 0.8)
                at = torch.from_numpy(rows).to(image.device)
                some = select(pictures, at)
                patterned = _over(some, torch.lerp(paper[at], second[at], pattern))
                image = image.index_copy(0, at, torch.where(some.opaque[:, None, None, None], image[at], patterned))
        return replace(pictures, image=image, ink=None)


@dataclass(frozen=True)
class Foreground:
    """Drawings of one ink in another, random, one with probability p. Comes before Background.

    The ink contrasts with the paper it is most likely to stand on. Pictures of several colours are left as they are:
    one ink would melt their parts together. So are opaque ones.
    """

    p: float = 0.5
    against: Colour = WHITE
    contrast: float = 2.0

    def __call__(self, pictures: Pictures, draws: Draws) -> Pictures:
        if pictures.image.shape[1] == 3:
            return pictures
        rows = np.flatnonzero(draws.chance("chosen", self.p))
        if not len(rows):
            return pictures
        at = torch.from_numpy(rows).to(pictures.image.device)
        paper = torch.tensor(self.against, device=at.device).expand(len(rows), 3)
        drawn = _pick(pictures.tensor(draws.many("ink", 3 * TRIES)[rows]), paper, self.contrast, _opposite(paper))
        some = select(pictures, at)
        if some.ink is not None and pictures.ink is not None:
            ink = torch.where(some.opaque[:, None], some.ink, drawn)
            return replace(pictures, ink=pictures.ink.index_copy(0, at, ink))
        changed = (_single(some) & ~some.opaque)[:, None, None, None]
        alpha = some.image[:, 3:]
        tinted = torch.cat([alpha * drawn[:, :, None, None], alpha], 1)
        image = pictures.image.index_copy(0, at, torch.where(changed, tinted, some.image))
        return replace(pictures, image=image)


def flat(pictures: Pictures) -> Pictures:
    """Three opaque channels: what is still transparent is put on white (black for what is not seen on white)."""
    none = Draws(0, 0, np.arange(len(pictures.image)))
    return Background()(pictures, none)


def visible(pictures: Pictures, paper: Float[Tensor, "b 3"]) -> Bool[Tensor, " b"]:
    """Whether enough of each drawing can be told from its paper; nothing drawn counts as visible."""
    if pictures.ink is not None:
        return (pictures.ink - paper).abs().amax(1) >= VISIBLE
    rgb, alpha = pictures.image[:, :3], pictures.image[:, 3:]
    away = torch.addcmul(rgb, alpha, paper[:, :, None, None], value=-1).abs_().amax(1, keepdim=True)
    seen = alpha * (away >= VISIBLE * alpha)
    return seen.sum((1, 2, 3)) >= ENOUGH * alpha.sum((1, 2, 3))


def _over(pictures: Pictures, paper: Float[Tensor, "b 3 #y #x"]) -> Float[Tensor, "b 3 y x"]:
    if pictures.ink is not None:
        return torch.addcmul(paper, pictures.image, pictures.ink[:, :, None, None] - paper)
    rgb, alpha = pictures.image[:, :3], pictures.image[:, 3:]
    return torch.addcmul(rgb + paper, alpha, paper, value=-1).clamp_(0, 1)


def select(pictures: Pictures, rows: Tensor) -> Pictures:
    """Some of the pictures; their sizes stay those of all."""
    ink, drawn = (None if colour is None else colour[rows] for colour in (pictures.ink, pictures.drawn))
    return replace(pictures, image=pictures.image[rows], opaque=pictures.opaque[rows], ink=ink, drawn=drawn)


def _pick(
    draws: Float[Tensor, "b n"], against: Float[Tensor, "b 3"], least: float, otherwise: Float[Tensor, "b 3"]
) -> Float[Tensor, "b 3"]:
    """The first of several random colours that contrasts enough."""
    candidates = draws.unflatten(1, (-1, 3))
    good = contrast(candidates, against[:, None]) >= least
    first = candidates[torch.arange(len(draws), device=draws.device), good.int().argmax(1)]
    return torch.where(good.any(1)[:, None], first, otherwise)


def _opposite(ink: Float[Tensor, "b 3"]) -> Float[Tensor, "b 3"]:
    """White or black, whichever contrasts more: white under ink of luminance up to 0.18."""
    return (luminance(ink) + 0.05 < 1.05 * 0.05 / (luminance(ink) + 0.05)).float()[:, None].expand_as(ink)


def _beyond(paper: Float[Tensor, "b 3"], ink: Float[Tensor, "b 3"]) -> Float[Tensor, "b 3"]:
    """White or black, whichever lies on the paper's side of the ink."""
    return (luminance(paper) > luminance(ink)).float()[:, None].expand_as(paper)


def _single(pictures: Pictures) -> Bool[Tensor, " b"]:
    rgb, alpha = pictures.image[:, :3], pictures.image[:, 3:]
    away = torch.addcmul(rgb, alpha, mean_ink(pictures)[:, :, None, None], value=-1).abs_().mean(1).sum((1, 2))
    return away <= SINGLE * alpha.sum((1, 2, 3))
