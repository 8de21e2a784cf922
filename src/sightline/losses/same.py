"""Which captions of a batch say the same: with few distinct captions, most "negatives" of a pair are none."""

from jaxtyping import Int
from torch import Tensor

MULTIPLIER = 0x9E3779B97F4A7C15
"""Odd; its powers modulo 2^64 weigh the positions (SplitMix64's constant)."""


def same_caption(tokens: Int[Tensor, "b n"]) -> Int[Tensor, "b"]:
    """One 64-bit number per caption, equal for equal rows: the `groups` of the contrastive losses.

    A polynomial hash, so no sorting and no exchange between ranks is needed; padding (id 0) adds nothing, so rows
    padded to different lengths agree. Two different captions of a batch of 32k collide once in about 10^10 batches.
    """
    powers = [pow(MULTIPLIER, i + 1, 1 << 64) for i in range(tokens.shape[1])]
    weights = tokens.new_tensor([p - (1 << 64) if p >> 63 else p for p in powers])
    # A product of integers wraps around on every device; a matrix product of integers does not exist on all.
    return (tokens * weights).sum(1)
