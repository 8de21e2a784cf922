"""Batched augmentation on the model's device: uint8 pictures of any size in, normalised float pictures out.

Every draw depends on (seed, step, sample, operation) alone. Colours are premultiplied by alpha until a background is
put behind them.
"""

from sightline.data.augment.affine import Affine
from sightline.data.augment.alpha import Background, Foreground
from sightline.data.augment.crop import CropResize, Fit, Flip, resized_crop
from sightline.data.augment.cutout import Cutout
from sightline.data.augment.jitter import Blur, ColorJitter, Gray, Invert, Solarize
from sightline.data.augment.palette import Palette
from sightline.data.augment.pipeline import (
    Augment,
    AugmentViews,
    View,
    caption_views,
    drawing_views,
    evaluation,
    icon_views,
)
from sightline.data.augment.stroke import Erase, Stroke
from sightline.data.augment.texture import Shadow, Texture

__all__ = [
    "Affine",
    "Augment",
    "AugmentViews",
    "Background",
    "Blur",
    "ColorJitter",
    "CropResize",
    "Cutout",
    "Fit",
    "Flip",
    "Foreground",
    "Gray",
    "Erase",
    "Invert",
    "Palette",
    "Shadow",
    "Solarize",
    "Stroke",
    "Texture",
    "View",
    "caption_views",
    "drawing_views",
    "evaluation",
    "icon_views",
    "resized_crop",
]
