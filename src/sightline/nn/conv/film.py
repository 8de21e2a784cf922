"""FiLM (Perez et al. 2017, https://arxiv.org/abs/1709.07871): a condition scales and shifts each channel of a network.

FiLM(F_c) = gamma_c(z) F_c + beta_c(z)
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sightline.nn.conv.convnet import Map, conv

DEAD = 0.05
"""below this |gamma| a channel carries next to nothing of its map"""


class FiLM(nn.Module):
    """gamma and beta of `channels` from a condition z by one linear layer.

    The layer predicts gamma - 1 and starts at zero: at the start the network is the unconditioned one.
    """

    def __init__(self, condition: int, channels: int) -> None:
        super().__init__()
        self.generator = nn.Linear(condition, 2 * channels)
        nn.init.zeros_(self.generator.weight)
        nn.init.zeros_(self.generator.bias)

    def modulation(self, z: Float[Tensor, "b e"]) -> tuple[Float[Tensor, "b c"], Float[Tensor, "b c"]]:
        """(gamma, beta)."""
        change, beta = self.generator(z).chunk(2, dim=-1)
        return 1 + change, beta

    def forward(
        self, x: Float[Tensor, "b c y x"] | Float[Tensor, "b n c"], z: Float[Tensor, "b e"]
    ) -> Float[Tensor, "b c y x"] | Float[Tensor, "b n c"]:
        """A map is modulated along its axis 1, tokens along their last."""
        return modulate(x, *self.modulation(z))


class FiLMBlock(nn.Module):
    """The CLEVR network's residual block, 128 channels, four of them in a row, each after its own coordinates.

        y = relu(conv1x1([x, coordinates]));  y + relu(FiLM(BN(conv3x3(y)), z))

    BatchNorm has no gain and shift of its own: FiLM's would be the same ones twice. The paper's conditions are linear
    readings of a GRU of 4096 (200 numbers a word).
    """

    def __init__(self, channels: int = 128, condition: int = 4096) -> None:
        super().__init__()
        self.enter = nn.Conv2d(channels + 2, channels, 1)
        self.conv = conv(channels, channels, 3)
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.film = FiLM(condition, channels)

    def forward(self, x: Map, z: Float[Tensor, "b e"]) -> Map:
        y = F.relu(self.enter(torch.cat([x, coordinates(x)], 1)))
        return y + F.relu(self.film(self.norm(self.conv(y)), z))


def modulate(
    x: Float[Tensor, "b c y x"] | Float[Tensor, "b n c"], gamma: Float[Tensor, "b c"], beta: Float[Tensor, "b c"]
) -> Float[Tensor, "b c y x"] | Float[Tensor, "b n c"]:
    """gamma x + beta, channel by channel."""
    if x.ndim == 4:
        return gamma[:, :, None, None] * x + beta[:, :, None, None]
    return gamma[:, None] * x + beta[:, None]


def coordinates(maps: Float[Tensor, "b c y x"]) -> Float[Tensor, "b 2 y x"]:
    """Two channels that say where a place is: x, then y, each from -1 to 1."""
    b, _, y, x = maps.shape
    across = torch.linspace(-1, 1, x, device=maps.device, dtype=maps.dtype).expand(b, 1, y, x)
    down = torch.linspace(-1, 1, y, device=maps.device, dtype=maps.dtype)[:, None].expand(b, 1, y, x)
    return torch.cat([across, down], 1)


def dead_share(gamma: Float[Tensor, "*b c"], below: float = DEAD) -> float:
    """The share of |gamma| under `below`, for monitors: a FiLM that saturates switches its channels off."""
    return float((gamma.detach().abs() < below).float().mean())
