"""BYOL's regression of unit vectors (Grill et al. 2020, https://arxiv.org/abs/2006.07733, equation 2)."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from sightline.losses.blocks import upcast


def unit_regression(prediction: Float[Tensor, "b d"], target: Float[Tensor, "b d"]) -> Float[Tensor, ""]:
    """mean_i || p_i / |p_i| - z_i / |z_i| ||^2 = 2 - 2 mean_i cos(p_i, z_i), in [0, 4].

    No gradient reaches `target`.
    """
    prediction, target = F.normalize(upcast(prediction), dim=-1), F.normalize(upcast(target.detach()), dim=-1)
    return 2 - 2 * (prediction * target).sum(-1).mean()
