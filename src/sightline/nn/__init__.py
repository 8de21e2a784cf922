"""Parts that towers are made of: modules passed built, never flags."""

from sightline.nn.attention import Attention, attend, causal
from sightline.nn.convnet import ChannelNorm, ConvNorm
from sightline.nn.head import Projection, unit
from sightline.nn.patch import ConvStem, PatchStem
from sightline.nn.pool import ClsPool, MapPool, MeanPool
from sightline.nn.position import Learned, SinCos, sincos_mae, sincos_moco
from sightline.nn.resnet import Basic, Bottleneck, small_stem, standard_stem
from sightline.nn.tag import decayed, groups, tag, tags
from sightline.nn.transformer import MLP, Block, QuickGELU, Stack, truncated_normal

__all__ = [
    "MLP",
    "Attention",
    "Basic",
    "Block",
    "Bottleneck",
    "ChannelNorm",
    "ClsPool",
    "ConvNorm",
    "ConvStem",
    "Learned",
    "MapPool",
    "MeanPool",
    "PatchStem",
    "Projection",
    "QuickGELU",
    "SinCos",
    "Stack",
    "attend",
    "causal",
    "decayed",
    "groups",
    "sincos_mae",
    "sincos_moco",
    "small_stem",
    "standard_stem",
    "tag",
    "tags",
    "truncated_normal",
    "unit",
]
