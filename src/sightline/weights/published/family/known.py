"""Every family with towers of ours, in the order in which they are asked."""

from sightline.weights.published.family import (
    bert,
    clip,
    dino,
    dinov2,
    dinov3,
    mae,
    open_clip,
    openai,
    siglip,
    siglip2,
    timm,
    torchvision,
)
from sightline.weights.published.family.protocol import Family
from sightline.weights.published.layouts import vit

FAMILIES: tuple[Family, ...] = (
    clip,
    siglip,
    siglip2,
    bert,
    dinov2,
    dinov3,
    vit,
    mae,
    open_clip,
    openai,
    timm,
    torchvision,
    dino,
)
