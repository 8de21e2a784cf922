"""CLIP's modified ResNet (Radford et al. 2021, https://arxiv.org/abs/2103.00020, section 2.4): RN50 to RN50x64.

It is `ResNet` with other parts: a stem of three convolutions, blocks that average before they step, and attention
pooling instead of the mean. Its `tokens` are the places of the last map, 32 times `width` channels; its `pooled` is
what the attention pooling returns, which in CLIP is the joint space already: nothing is projected after it.
Departure: convolutions start as in our other ResNets (He, fan out); CLIP left them as PyTorch makes them.
"""

from collections.abc import Sequence

from sightline.nn.conv.pool2d import AttentionPool2d
from sightline.nn.conv.resnet import SmoothBottleneck, clip_stem
from sightline.towers.resnet import ResNet, zero_init_residual


def modified_resnet(depths: Sequence[int], width: int, *, size: int, heads: int, out: int, channels: int = 3) -> ResNet:
    """The tower for pictures of `size`; the last BatchNorm of every branch starts at zero.

    Pictures of other sizes are read with resized positions. ValueError where `size` is no multiple of the stride.
    """
    stride, last = 2 ** (len(depths) + 1), width * 2 ** (len(depths) - 1) * SmoothBottleneck.expansion
    if size % stride:
        raise ValueError(f"a ModifiedResNet of size {size} does not divide into places of {stride} pixels")
    pool = AttentionPool2d((size // stride, size // stride), last, heads, out)
    return zero_init_residual(ResNet(clip_stem(channels, width), SmoothBottleneck, depths, width, pool))
