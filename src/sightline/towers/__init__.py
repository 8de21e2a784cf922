"""Towers: an image becomes `Features`, tokens become one vector; `spec` writes their sizes down."""

from sightline.towers.alexnet import AlexNet
from sightline.towers.bag import BagOfTokens
from sightline.towers.bert import BertText
from sightline.towers.flexi import FlexiViT
from sightline.towers.naflex import NaFlex, Patches
from sightline.towers.resnet import ResNet
from sightline.towers.shared import share
from sightline.towers.spec import (
    AlexNetOneTowerSpec,
    AlexNetSpec,
    BagSpec,
    BertTextSpec,
    Causal,
    Cls,
    ConvNetSpec,
    ConvStemSpec,
    FirstToken,
    FlexiViTSpec,
    Full,
    LearnedSpec,
    Map,
    Mean,
    MeanToken,
    ModifiedResNetSpec,
    NaFlexSpec,
    Norm,
    PatchSpec,
    ResNetSpec,
    RotarySpec,
    SinCosSpec,
    SmallStem,
    StandardStem,
    TipsTextSpec,
    TransformerTextSpec,
    VGGSpec,
    ViTSpec,
    from_json,
    to_json,
)
from sightline.towers.text import TransformerText
from sightline.towers.tips import TipsText
from sightline.towers.vgg import VGG
from sightline.towers.vit import ViT

__all__ = [
    "AlexNet",
    "AlexNetOneTowerSpec",
    "AlexNetSpec",
    "BagOfTokens",
    "BagSpec",
    "BertText",
    "BertTextSpec",
    "Causal",
    "Cls",
    "ConvNetSpec",
    "ConvStemSpec",
    "FirstToken",
    "FlexiViT",
    "FlexiViTSpec",
    "Full",
    "LearnedSpec",
    "Map",
    "Mean",
    "MeanToken",
    "ModifiedResNetSpec",
    "NaFlex",
    "NaFlexSpec",
    "Norm",
    "PatchSpec",
    "Patches",
    "ResNet",
    "ResNetSpec",
    "RotarySpec",
    "SinCosSpec",
    "SmallStem",
    "StandardStem",
    "TipsText",
    "TipsTextSpec",
    "TransformerText",
    "TransformerTextSpec",
    "VGG",
    "VGGSpec",
    "ViT",
    "ViTSpec",
    "from_json",
    "share",
    "to_json",
]
