r"""Instance discrimination: which of n pictures is this? (Wu et al. 2018, https://arxiv.org/abs/1805.01978, section 3).

    P(i | v) = exp(v . v_i / tau) / Z,     Z = sum_j exp(v . v_j / tau)                                    eq. 2
    full:    L = -mean log P(i | v)
    NCE:     h(i, v) = P(i | v) / (P(i | v) + m / n)                                                      eq. 6
             L = -mean [ log h(i, v) + sum_{j in noise} log(1 - h(j, v)) ],   m pictures drawn uniformly   eq. 7
    near:    L = mean |v - v_i|^2                                                                         eq. 9

v are the unit vectors of the batch, v_i the entries of a memory bank, constants: gradients stop at them. In NCE, Z is a
number estimated once (`partition`).
Departures: log h and log(1 - h) are log-sigmoids of log P - log(m / n), exact where the released code adds 1e-7; the m
noise pictures of a step are shared by its rows, which is unbiased and needs m rows of the bank instead of b * m.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from sightline.losses.blocks import upcast


def instance_softmax(
    query: Float[Tensor, "b d"], entries: Float[Tensor, "n d"], index: Int[Tensor, "b"], temperature: float
) -> Float[Tensor, ""]:
    """The full softmax over all n entries: `b x n` logits, for up to some 50,000 pictures."""
    return F.cross_entropy(_scores(query, entries, temperature), index)


def instance_nce(
    query: Float[Tensor, "b d"],
    own: Float[Tensor, "b d"],
    noise: Float[Tensor, "m d"],
    temperature: float,
    *,
    log_z: Float[Tensor, ""],
    count: int,
) -> Float[Tensor, ""]:
    """Noise-contrastive estimation of the softmax over `count` entries: each row's `own` against `noise` of them."""
    # log P - log(m P_n), with P_n = 1 / count
    shift = log_z.to(query.device) + torch.tensor(len(noise) / count, device=query.device).log()
    positive = _own_scores(query, own, temperature) - shift
    negative = _scores(query, noise, temperature) - shift
    return -(F.logsigmoid(positive) + F.logsigmoid(-negative).sum(1)).mean()


@torch.no_grad()
def partition(
    query: Float[Tensor, "b d"],
    own: Float[Tensor, "b d"],
    noise: Float[Tensor, "m d"],
    temperature: float,
    *,
    count: int,
) -> Float[Tensor, ""]:
    """Z as the released code estimates it on its first batch: `count` times the mean of exp over own and noise."""
    both = torch.cat([_own_scores(query, own, temperature)[:, None], _scores(query, noise, temperature)], 1)
    return count * both.exp().mean()


def proximal(query: Float[Tensor, "b d"], own: Float[Tensor, "b d"]) -> Float[Tensor, ""]:
    """How far, squared, pictures have moved from their entries: damps the fluctuation of one visit an epoch."""
    return (upcast(query) - upcast(own.detach())).square().sum(1).mean()


def _scores(query: Float[Tensor, "b d"], entries: Float[Tensor, "n d"], temperature: float) -> Float[Tensor, "b n"]:
    with torch.autocast(query.device.type, enabled=False):
        query = upcast(query)
        # the small factor takes the division: b d numbers instead of b n
        return (query / temperature) @ entries.detach().to(query.dtype).T


def _own_scores(query: Float[Tensor, "b d"], own: Float[Tensor, "b d"], temperature: float) -> Float[Tensor, "b"]:
    return (upcast(query) * upcast(own.detach())).sum(1) / temperature
