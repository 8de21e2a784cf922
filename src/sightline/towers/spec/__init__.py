"""Sizes of parts as data: frozen specs that build a tower, a decoder, a codec, and go to JSON and back.

`encoder.json` of a run holds one spec per part. Unions of small specs say what kind a part is; activations and blocks,
which have no numbers of their own, are named.
"""

from sightline.nn.box_tokens import BoxTokens
from sightline.towers.bert import FirstToken, MeanToken
from sightline.towers.spec.conv import (
    AlexNetOneTowerSpec,
    AlexNetSpec,
    ConvNetSpec,
    FlatMapSpec,
    MeanMapSpec,
    ModifiedResNetSpec,
    ResNetSpec,
    SmallStem,
    StandardStem,
)
from sightline.towers.spec.decoder import CaptionDecoderSpec, ConvCodecSpec, LinearSpec, Open, PartSpec, TextDecoderSpec
from sightline.towers.spec.image import FlexiViTSpec, NaFlexSpec, ViTSpec
from sightline.towers.spec.json import FAMILIES, ImageSpec, Spec, from_json, kinds_like, to_json
from sightline.towers.spec.parts import (
    Act,
    Cls,
    ConvStemSpec,
    LearnedSpec,
    Map,
    Mean,
    Norm,
    PatchSpec,
    Resample,
    RotarySpec,
    SecondCls,
    SinCosSpec,
    fitted,
    reads_words,
    sees_pictures,
)
from sightline.towers.spec.text import (
    BagSpec,
    BertTextSpec,
    EncoderDecoderSpec,
    TextSpec,
    TipsTextSpec,
    TransformerTextSpec,
    WordHeadSpec,
)
from sightline.towers.text import Causal, Full

__all__ = [
    "EncoderDecoderSpec",
    "FAMILIES",
    "Act",
    "AlexNetOneTowerSpec",
    "AlexNetSpec",
    "BagSpec",
    "BertTextSpec",
    "BoxTokens",
    "CaptionDecoderSpec",
    "Causal",
    "Cls",
    "ConvCodecSpec",
    "ConvNetSpec",
    "ConvStemSpec",
    "FirstToken",
    "FlatMapSpec",
    "FlexiViTSpec",
    "Full",
    "ImageSpec",
    "LearnedSpec",
    "LinearSpec",
    "Map",
    "Mean",
    "MeanMapSpec",
    "MeanToken",
    "ModifiedResNetSpec",
    "NaFlexSpec",
    "Norm",
    "Open",
    "PartSpec",
    "PatchSpec",
    "ResNetSpec",
    "Resample",
    "RotarySpec",
    "SecondCls",
    "SinCosSpec",
    "SmallStem",
    "Spec",
    "StandardStem",
    "TextDecoderSpec",
    "TextSpec",
    "TipsTextSpec",
    "TransformerTextSpec",
    "ViTSpec",
    "WordHeadSpec",
    "fitted",
    "from_json",
    "kinds_like",
    "reads_words",
    "sees_pictures",
    "to_json",
]
