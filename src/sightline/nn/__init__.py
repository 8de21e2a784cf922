"""Parts that towers are made of: modules passed built, never flags."""

from sightline.nn.attention import Attention, attend, causal
from sightline.nn.convnet import ChannelNorm, ConvNorm
from sightline.nn.film import FiLM, FiLMBlock, dead_share
from sightline.nn.head import Projection, unit
from sightline.nn.patch import ConvStem, PatchStem
from sightline.nn.pool import ClsPool, MapPool, MeanPool
from sightline.nn.pool2d import AttentionPool2d
from sightline.nn.position import Learned, SinCos, Unplaced, sincos_mae, sincos_moco
from sightline.nn.resnet import Basic, Bottleneck, SmoothBottleneck, clip_stem, small_stem, standard_stem
from sightline.nn.rotary import Rotary
from sightline.nn.tag import decayed, groups, tag, tags
from sightline.nn.transformer import (
    MLP,
    Block,
    DropPath,
    LayerScale,
    PostNormBlock,
    QuickGELU,
    Stack,
    SwiGLU,
    truncated_normal,
)

__all__ = [
    "MLP",
    "Attention",
    "AttentionPool2d",
    "Basic",
    "Block",
    "Bottleneck",
    "ChannelNorm",
    "ClsPool",
    "ConvNorm",
    "ConvStem",
    "DropPath",
    "LayerScale",
    "FiLM",
    "FiLMBlock",
    "Learned",
    "MapPool",
    "MeanPool",
    "PatchStem",
    "PostNormBlock",
    "Projection",
    "QuickGELU",
    "Rotary",
    "SinCos",
    "SmoothBottleneck",
    "Stack",
    "SwiGLU",
    "Unplaced",
    "attend",
    "causal",
    "clip_stem",
    "dead_share",
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
