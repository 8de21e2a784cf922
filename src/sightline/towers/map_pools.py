"""Readings of a ResNet's last map made for retrieval: generalised mean, and maxima of regions."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.conv.rmac import rmac
from sightline.nn.patch import Grid
from sightline.nn.pool import EPS, generalized_mean
from sightline.nn.tag import tag


class GemMap(nn.Module):
    """The generalised mean over places, its power `p` learned, one for the tower (Radenovic et al. 2018, eq. 3)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = tag(nn.Parameter(torch.tensor(float(p))), "no_decay")

    def dim(self, width: int) -> int:
        """As of `towers.resnet.Pool`: `width` itself."""
        return width

    def forward(self, maps: Float[Tensor, "b c y x"]) -> Float[Tensor, "b c"]:
        return generalized_mean(maps.flatten(2).transpose(1, 2), self.p)

    def each(self, tokens: Float[Tensor, "b n c"], grid: Grid) -> Float[Tensor, "b n c"]:
        """The places, clamped."""
        return tokens.clamp(min=EPS)


class RMacMap(nn.Module):
    """R-MAC over regions of `levels` sizes, of unit length. Nothing is learned.

    The papers whiten each region's vector before the sum. That is learnt afterwards, by `probes.instances` from
    `nn.conv.rmac.regional_maxima`; Gordo's network trains it as a linear map.
    """

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.levels = levels

    def dim(self, width: int) -> int:
        """As of `towers.resnet.Pool`: `width` itself."""
        return width

    def forward(self, maps: Float[Tensor, "b c y x"]) -> Float[Tensor, "b c"]:
        return rmac(maps, self.levels)

    def each(self, tokens: Float[Tensor, "b n c"], grid: Grid) -> Float[Tensor, "b n c"]:
        """The places at unit length: all regions of a map that is one place everywhere agree."""
        return F.normalize(tokens, dim=2)
