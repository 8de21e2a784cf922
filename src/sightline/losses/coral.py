r"""Correlation alignment: how far apart the covariances of two sets of vectors are.

    L = 1 / (4 d^2) |C_S - C_T|_F^2,     C = ( X^T X - (1^T X)^T (1^T X) / n ) / (n - 1)

Sun and Saenko 2016, "Deep CORAL" (https://arxiv.org/abs/1607.01719, eqs. 1 to 3).
"""

import torch
from jaxtyping import Float
from torch import Tensor

from sightline.losses.blocks import upcast


def covariance(x: Float[Tensor, "b d"]) -> Float[Tensor, "d d"]:
    """The unbiased covariance of the columns, in float32 or better. ValueError for fewer than two rows."""
    if len(x) < 2:
        raise ValueError(f"a covariance is of two vectors or more, and there is {len(x)}: set a larger batch")
    centred = upcast(x) - upcast(x).mean(0)
    return centred.T @ centred / (len(x) - 1)


def coral(source: Float[Tensor, "b d"], target: Float[Tensor, "m d"]) -> Float[Tensor, ""]:
    """The loss of two sets of vectors; 0 where their covariances are equal, wherever their means are."""
    with torch.autocast(source.device.type, enabled=False):
        apart = covariance(source) - covariance(target)
        return apart.square().sum() / (4 * source.shape[1] ** 2)
