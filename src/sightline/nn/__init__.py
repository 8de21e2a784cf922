"""Parts that towers are made of: modules passed built, never flags."""

from sightline.nn.attention import Attention, attend, causal
from sightline.nn.conv.convnet import ChannelNorm, ConvNorm
from sightline.nn.conv.film import FiLM, FiLMBlock, dead_share
from sightline.nn.conv.pool2d import AttentionPool2d
from sightline.nn.conv.resnet import Basic, Bottleneck, SmoothBottleneck, clip_stem, small_stem, standard_stem
from sightline.nn.conv.sync_norm import SyncBatchNorm, across_ranks
from sightline.nn.head import Projection, unit
from sightline.nn.heads import BYOLHead, DINOHead, ScaledPrototypes, SimCLRHead, UnitPrototypes
from sightline.nn.patch import ConvStem, PatchStem
from sightline.nn.pool import ClsPool, GemPool, MapPool, MeanPool, generalized_mean
from sightline.nn.position import Learned, SinCos, Unplaced, sincos_mae, sincos_moco
from sightline.nn.rotary import Rotary
from sightline.nn.state.teacher import Teacher, cosine_momentum
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
    "Attention",
    "AttentionPool2d",
    "BYOLHead",
    "Basic",
    "Block",
    "Bottleneck",
    "ChannelNorm",
    "ClsPool",
    "ConvNorm",
    "ConvStem",
    "DINOHead",
    "DropPath",
    "FiLM",
    "FiLMBlock",
    "GemPool",
    "LayerScale",
    "Learned",
    "MLP",
    "MapPool",
    "MeanPool",
    "PatchStem",
    "PostNormBlock",
    "Projection",
    "QuickGELU",
    "Rotary",
    "ScaledPrototypes",
    "SimCLRHead",
    "SinCos",
    "SmoothBottleneck",
    "Stack",
    "SwiGLU",
    "SyncBatchNorm",
    "Teacher",
    "UnitPrototypes",
    "Unplaced",
    "across_ranks",
    "attend",
    "causal",
    "clip_stem",
    "cosine_momentum",
    "dead_share",
    "decayed",
    "generalized_mean",
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
