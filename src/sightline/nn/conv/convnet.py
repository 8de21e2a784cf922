"""The two small pieces every convolutional part shares: convolution with BatchNorm, and a LayerNorm over channels."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Map = Float[Tensor, "b c y x"]


class ConvNorm(nn.Sequential):
    """A bias-free convolution and its BatchNorm, keys `0.weight` and `1.*` as in torchvision's shortcuts."""

    def __init__(self, inner: int, outer: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__(conv(inner, outer, kernel, stride), nn.BatchNorm2d(outer))


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each place of a map."""

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__(channels, eps=eps)

    def forward(self, input: Map) -> Map:
        # channels_last maps are already laid out so: the permutations then move nothing.
        y = F.layer_norm(input.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return y.permute(0, 3, 1, 2)


def conv(inner: int, outer: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """A bias-free convolution padded to keep the size (divided by the stride)."""
    return nn.Conv2d(inner, outer, kernel, stride, padding=kernel // 2, bias=False)
