"""Every family with towers of ours, in the order in which they are asked."""

from sightline.weights.family import (
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
    vit,
)
from sightline.weights.family.protocol import Family

FAMILIES: tuple[Family, ...] = (
    clip,
    siglip,
    siglip2,
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
