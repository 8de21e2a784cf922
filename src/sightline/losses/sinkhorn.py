r"""Sinkhorn-Knopp: a teacher's logits as probabilities that use all prototypes equally (Cuturi 2013; SwAV, Caron et al.
2020, https://arxiv.org/abs/2006.09882; in DINOv2, https://arxiv.org/abs/2304.07193, for DINO's centering).

    Q = exp(z / tau);   3 times:  Q_bk /= sum_b Q_bk,   Q_bk /= sum_k Q_bk

Published code also divides by K, by B and by the total, and multiplies by B at the end: all of these cancel. In
logarithms here, so that no logit is too large. Rows are the samples: each sums to 1 at the end, and each column to
about samples / K. Where samples are few beside prototypes each prototype falls to one of them, and targets say only
which picture it is: keep K at most 8 times the samples.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from sightline.losses.blocks import identity, upcast


@torch.no_grad()
def sinkhorn(
    logits: Float[Tensor, "r k"],
    temperature: float | Float[Tensor, ""],
    *,
    iterations: int = 3,
    everyone: Callable[[Tensor], Tensor] = identity,
) -> Float[Tensor, "r k"]:
    """Balanced probabilities of my `r` samples, in float32 or better, without gradient.

    `everyone` gathers the rows of all ranks (`dist.gather`): only one row of column sums a rank travels, so ranks may
    hold different numbers of samples, or none.
    """
    with torch.autocast(logits.device.type, enabled=False):
        scores = upcast(logits) / temperature
        for _ in range(iterations):
            columns = everyone(scores.logsumexp(0, keepdim=True)).logsumexp(0)
            scores = (scores - columns).log_softmax(1)
        return scores.exp()
