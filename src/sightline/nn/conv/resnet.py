"""Residual blocks and stems (He et al. 2015, https://arxiv.org/abs/1512.03385); key names are torchvision's.

Departure from the paper, torchvision's too: the bottleneck's stride is in its 3x3 convolution ("v1.5").
CLIP's forms (Radford et al. 2021, section 2.4), which average before they step, stand beside them.
"""

from collections import OrderedDict

from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.conv.convnet import ConvNorm, Map, conv

Out = Float[Tensor, "b d _ _"]


class Basic(nn.Module):
    """Two 3x3 convolutions around a shortcut; the shortcut projects where the shape changes."""

    expansion = 1

    def __init__(self, inner: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(inner, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3), nn.BatchNorm2d(width)
        self.downsample = _shortcut(inner, width, stride)
        self.relu = nn.ReLU(inplace=True)

    @property
    def last_norm(self) -> nn.BatchNorm2d:
        """The norm whose gamma scales the branch; at zero the block is its shortcut."""
        return self.bn2

    def forward(self, x: Map) -> Out:
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class Bottleneck(nn.Module):
    """1x1 down, 3x3, 1x1 up to four times the width."""

    expansion = 4

    def __init__(self, inner: int, width: int, stride: int = 1) -> None:
        super().__init__()
        outer = width * self.expansion
        self.conv1, self.bn1 = conv(inner, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, outer, 1), nn.BatchNorm2d(outer)
        self.downsample = _shortcut(inner, outer, stride)
        self.relu = nn.ReLU(inplace=True)

    @property
    def last_norm(self) -> nn.BatchNorm2d:
        """As of `Basic`."""
        return self.bn3

    def forward(self, x: Map) -> Out:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        return self.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class SmoothBottleneck(nn.Module):
    """CLIP's: every convolution has stride 1; means of `stride` x `stride` places do the stepping (Zhang 2019)."""

    expansion = 4

    def __init__(self, inner: int, width: int, stride: int = 1) -> None:
        super().__init__()
        outer = width * self.expansion
        self.conv1, self.bn1 = conv(inner, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, outer, 1), nn.BatchNorm2d(outer)
        self.step = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.downsample = _smooth_shortcut(inner, outer, stride)
        self.relu = nn.ReLU(inplace=True)

    @property
    def last_norm(self) -> nn.BatchNorm2d:
        """As of `Basic`."""
        return self.bn3

    def forward(self, x: Map) -> Out:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        return self.relu(self.bn3(self.conv3(self.step(y))) + self.downsample(x))


def small_stem(channels: int, width: int, stride: int = 1) -> nn.Sequential:
    """For pictures of 32-96 px: one 3x3 convolution and no pooling; the standard stem costs 10-20 points there."""
    return nn.Sequential(conv(channels, width, 3, stride), nn.BatchNorm2d(width), nn.ReLU(inplace=True))


def standard_stem(channels: int, width: int) -> nn.Sequential:
    """The paper's: 7x7 at stride 2, then max-pooling at stride 2."""
    norm_act = (nn.BatchNorm2d(width), nn.ReLU(inplace=True))
    return nn.Sequential(conv(channels, width, 7, 2), *norm_act, nn.MaxPool2d(3, stride=2, padding=1))


def clip_stem(channels: int, width: int) -> nn.Sequential:
    """CLIP's: three 3x3 convolutions, the first at stride 2 and two of half the width, then a mean at stride 2."""
    half = width // 2
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (inner, outer, stride) in enumerate(((channels, half, 2), (half, half, 1), (half, width, 1)), 1):
        layers[f"conv{number}"] = conv(inner, outer, 3, stride)
        layers[f"bn{number}"] = nn.BatchNorm2d(outer)
        layers[f"relu{number}"] = nn.ReLU(inplace=True)
    return nn.Sequential(layers | {"pool": nn.AvgPool2d(2)})


def _smooth_shortcut(inner: int, outer: int, stride: int) -> nn.Module:
    """Keys `0` and `1` as in OpenAI's weights; the mean before them has none."""
    if inner == outer and stride == 1:
        return nn.Identity()
    mean = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
    return nn.Sequential(OrderedDict({"mean": mean, "0": conv(inner, outer, 1), "1": nn.BatchNorm2d(outer)}))


def _shortcut(inner: int, outer: int, stride: int) -> nn.Module:
    return nn.Identity() if inner == outer and stride == 1 else ConvNorm(inner, outer, 1, stride)
