"""Towers: an image becomes `Features`, tokens become one vector; `spec` writes their sizes down."""

from sightline.towers.bag import BagOfTokens
from sightline.towers.resnet import ResNet
from sightline.towers.spec import (
    BagSpec,
    Causal,
    Cls,
    ConvStemSpec,
    Full,
    LearnedSpec,
    Map,
    Mean,
    Norm,
    PatchSpec,
    ResNetSpec,
    SinCosSpec,
    SmallStem,
    StandardStem,
    TransformerTextSpec,
    ViTSpec,
    from_json,
    to_json,
)
from sightline.towers.text import TransformerText
from sightline.towers.vit import ViT

__all__ = [
    "BagOfTokens",
    "BagSpec",
    "Causal",
    "Cls",
    "ConvStemSpec",
    "Full",
    "LearnedSpec",
    "Map",
    "Mean",
    "Norm",
    "PatchSpec",
    "ResNet",
    "ResNetSpec",
    "SinCosSpec",
    "SmallStem",
    "StandardStem",
    "TransformerText",
    "TransformerTextSpec",
    "ViT",
    "ViTSpec",
    "from_json",
    "to_json",
]
