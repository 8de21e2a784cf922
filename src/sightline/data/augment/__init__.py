"""Batched augmentation on the model's device: uint8 pictures of any size in, normalised float pictures out.

Every draw depends on (seed, step, sample, operation) alone. Colours are premultiplied by alpha until a background is
put behind them.
"""

from sightline.data.augment.affine import Affine
from sightline.data.augment.alpha import Background, Foreground
from sightline.data.augment.crop import CropResize, Fit, Flip, resized_crop
from sightline.data.augment.jitter import Blur, ColorJitter, Gray, Invert, Solarize
from sightline.data.augment.pipeline import (
    Augment,
    caption_views,
    drawing_views,
    evaluation,
    graphics_views,
    photo_views,
)
from sightline.data.augment.stroke import Erase, Stroke

__all__ = [
    "Affine",
    "Augment",
    "Background",
    "Blur",
    "ColorJitter",
    "CropResize",
    "Fit",
    "Flip",
    "Foreground",
    "Gray",
    "Invert",
    "Erase",
    "Solarize",
    "Stroke",
    "caption_views",
    "drawing_views",
    "evaluation",
    "graphics_views",
    "photo_views",
    "resized_crop",
]
