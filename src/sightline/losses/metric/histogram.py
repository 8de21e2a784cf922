r"""The histogram loss (Ustinova and Lempitsky 2016, https://arxiv.org/abs/1611.00822, eqs. 1 to 5).

    t_r = -1 + r D,  D = 2 / R,  r = 0 .. R          w_r(s) = [1 - |s - t_r| / D]_+
    h+_r = mean over pairs of one class of w_r(s),   h-_r = mean over pairs of two
    L = sum_r h-_r sum_{q <= r} h+_q                 the probability that two of different classes are more alike

s are cosines. 0 is perfect, 1/2 is chance. Noisy where a batch has few pairs of one class: a hundred is few.
"""

from jaxtyping import Float, Int
from torch import Tensor

from sightline.losses.metric.distances import CosineSimilarity
from sightline.losses.metric.mining import related


def histogram(x: Float[Tensor, "m d"], labels: Int[Tensor, "m"], bins: int = 100) -> Float[Tensor, ""]:
    """The loss of everyone's `m` vectors in R = `bins`; 0 with a gradient of 0 where all pairs are of one kind.

    It is no mean over parts of a batch: each rank gives it everyone's vectors. ValueError for fewer than 1 bin.
    """
    if bins < 1:
        raise ValueError(f"a histogram of {bins} bins; the paper has 100 to 150")
    s = CosineSimilarity()(x, x)
    same, different = (pairs.triu(1) for pairs in related(labels))  # each unordered pair once
    positive, negative = s[same], s[different]
    if not len(positive) or not len(negative):
        return s.sum() * 0
    return (density(negative, bins) * density(positive, bins).cumsum(0)).sum()


def density(s: Float[Tensor, "p"], bins: int) -> Float[Tensor, "r"]:
    """h of cosines: each gives its two neighbours among the `bins` + 1 nodes the shares it is near them by."""
    place = (s.clamp(-1, 1) + 1) * (bins / 2)
    lower = place.detach().floor().clamp(max=bins - 1)  # s = 1 stands at the last node, of the last interval
    share = place - lower
    index = lower.long()
    h = s.new_zeros(bins + 1).index_add(0, index, 1 - share).index_add(0, index + 1, share)
    return h / len(s)
