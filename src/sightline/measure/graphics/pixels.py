"""A picture of which only pixels are known: what is its ground, and what is drawn on it (representation.md G.5)."""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from sightline.data.decode.picture import decode
from sightline.data.sample import Encoded
from sightline.measure.graphics.layers import Layers
from sightline.measure.graphics.manner import AS_IT_IS, LINE, Manner
from sightline.measure.graphics.original import SIDE

RING = 0.02
"""width of the border whose colour is the ground's, as a share of the side"""
SURE = 0.9
"""share of the border that must be of one colour"""
NEAR = 20
"""largest difference of a channel from the ground's colour that is still ground"""
LEAST_INK, MOST_INK = 0.02, 0.9
"""shares of the picture that are drawn on it; outside of these nothing is told apart"""
LEAST_COLOUR = 20.0
"""mean difference of the largest and the smallest channel of what is drawn, below which a turn of hues shows nothing"""
TURNS = (90.0, 180.0, 270.0)
"""degrees of hue that the three dyes stand for"""


@dataclass(frozen=True, eq=False)
class Pixels:
    """Layers found in a picture. `parted`: whether its ground is known; else all of it counts as drawn."""

    found: Layers
    parted: bool
    caption: str = ""
    line: float = LINE

    @classmethod
    def of(cls, image: Encoded, caption: str = "") -> "Pixels":
        """The picture in a square of SIDE pixels; transparency tells the ground, else a border of one colour."""
        pixels = _fitted(decode(image, SIDE))
        if pixels.shape[2] == 4:
            cover = pixels[..., 3].astype(np.float32) / 255
            white = np.full((*cover.shape, 3), 255, np.float32)
            layers = Layers(white, pixels[..., :3].astype(np.float32), cover)
            return cls(_squared(layers), bool(LEAST_INK < cover.mean() < MOST_INK), caption)
        layers = parted(pixels)
        if layers is None:
            whole = pixels.astype(np.float32)
            return cls(
                _squared(Layers(np.full_like(whole, 255), whole, np.ones(whole.shape[:2], np.float32))), False, caption
            )
        return cls(_squared(layers), True, caption)

    @property
    def coloured(self) -> bool:
        """Whether other hues would show."""
        spread = self.found.ink.max(2) - self.found.ink.min(2)
        return float((spread * self.found.cover).sum() / max(1.0, float(self.found.cover.sum()))) >= LEAST_COLOUR

    def layers(self, manner: Manner = AS_IT_IS) -> Layers:
        made = self.found
        kind, share = manner.dye
        if share:
            made = made.inked(turned_hues(made.ink, share * TURNS[kind]))
        return made if not manner.turn else _turned(made, manner.turn)


def parted(pixels: np.ndarray) -> Layers | None:
    """Ground and ink of an opaque picture, uint8 (y, x, 3); None where its border is of more than one colour.

    The ground is what is like the commonest colour of the border (in five bits a channel) and connected with it. A
    pixel at its edge is a mixture of it and of the ink beside it.
    """
    width = max(1, round(RING * max(pixels.shape[:2])))
    inner: np.ndarray = np.zeros(pixels.shape[:2], bool)
    inner[width:-width, width:-width] = True
    border = pixels[~inner].astype(np.int64)
    codes = (border // 8) @ np.array([1024, 32, 1])
    commonest = np.bincount(codes).argmax()
    colour = np.median(border[codes == commonest], axis=0).astype(np.float32)
    far = np.abs(pixels.astype(np.float32) - colour).max(2)
    if float((far[~inner] <= NEAR).mean()) < SURE:
        return None
    number = connected(far <= NEAR)
    outside = np.unique(number[~inner & (far <= NEAR)])
    below = np.isin(number, outside[outside > 0])
    if not LEAST_INK < 1 - float(below.mean()) < MOST_INK:
        return None
    edge = np.logical_and(ndimage.maximum_filter(below, 3), ~below)
    # the fullest ink beside an edge pixel is what it is a mixture with
    cover = np.where(below, 0.0, np.where(edge, far / np.maximum(ndimage.maximum_filter(far, 3), 1.0), 1.0))
    cover = cover.astype(np.float32)
    mixed = pixels.astype(np.float32) - (1 - cover[..., None]) * colour
    ink = np.clip(mixed / np.maximum(cover[..., None], 0.05), 0, 255)
    return Layers(np.broadcast_to(colour, pixels.shape).astype(np.float32), ink, cover)


def connected(chosen: np.ndarray) -> np.ndarray:
    """Numbers (y, x) of the four-connected pieces of a mask, 0 outside of it."""
    made = ndimage.label(chosen)
    return np.asarray(made[0])  # pyright: ignore[reportIndexIssue]  # a pair, or an int with `output`


def turned_hues(ink: np.ndarray, degrees: float) -> np.ndarray:
    """Colours (y, x, 3) with their differences turned about the axis of the greys, which stay; cut to 0..255."""
    angle, axis = np.radians(degrees), np.full(3, 3**-0.5)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = np.cos(angle) * np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * np.outer(axis, axis)
    return np.clip(ink @ turn.T, 0, 255).astype(np.float32)


def _fitted(pixels: np.ndarray) -> np.ndarray:
    """The longer side at SIDE."""
    height, width = pixels.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(3, round(width * scale)), max(3, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def _squared(layers: Layers) -> Layers:
    """In the middle of a square of SIDE pixels; the ground goes on, the ink does not."""
    height, width = layers.cover.shape
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    pad = ((top, SIDE - height - top), (left, SIDE - width - left))
    ground = np.pad(layers.ground, (*pad, (0, 0)), mode="edge")
    return Layers(ground, np.pad(layers.ink, (*pad, (0, 0)), mode="edge"), np.pad(layers.cover, pad))


def _turned(layers: Layers, degrees: float) -> Layers:
    """What is drawn, turned clockwise about the middle; what leaves the canvas is lost."""
    half = (np.array(layers.cover.shape) - 1) / 2
    angle = np.radians(degrees)
    back = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    move = half - back @ half

    def at(plane: np.ndarray) -> np.ndarray:
        return ndimage.affine_transform(plane, back, move, order=1)  # pyright: ignore[reportArgumentType]  # one number an axis

    cover = at(layers.cover)
    full = np.stack([at(layers.ink[..., k] * layers.cover) for k in range(3)], axis=2)
    return Layers(layers.ground, full / np.maximum(cover[..., None], 1e-3), cover)
