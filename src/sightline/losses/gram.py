r"""Gram anchoring: patches stay as alike as an earlier teacher saw them (DINOv3, Simeoni et al. 2025,
https://arxiv.org/abs/2508.10104, eq. 2).

    L = mean_{b, i, j} ( x_i . x_j  -  g_i . g_j )^2,   x, g unit vectors of one image's patches

The features themselves may turn: only the cosines between patches of one image are held. As in the released code it is
the mean over all pairs, where the paper writes a Frobenius norm.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from sightline.losses.blocks import upcast


def gram(student: Float[Tensor, "b n d"], teacher: Float[Tensor, "b n e"]) -> Float[Tensor, ""]:
    """Rows need not be unit length, and the two widths may differ; no gradient goes to `teacher`."""
    with torch.autocast(student.device.type, enabled=False):
        x, g = normalize(upcast(student), dim=-1), normalize(upcast(teacher.detach()), dim=-1)
        return (x @ x.mT - g @ g.mT).square().mean()
