"""Which sample stands at which position of training: a closed form of (seed, position), so a run goes on from anywhere.

A source is read epoch after epoch, each in an order of its own; positions run through the borders without a stop. A
mixture interleaves such endless sequences, with counts per source that are exact at the end of every block. Orders that
look at labels are in `labelled`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sightline.data.draw import seed_of
from sightline.data.feed.labelled import PK, Episodes, Pairs
from sightline.data.feed.permutation import look_up, shuffled

BLOCK = 1024
"""Positions of a mixture among which its sources are counted exactly, then shuffled."""


@dataclass(frozen=True, kw_only=True)
class Epochs:
    """Every sample once, in an order of its own for each epoch."""

    def look_up(self, n: int, seed: int, at: np.ndarray) -> np.ndarray:
        """Sample indices (count,) int64 at positions `at` (count,) >= 0 of a source of `n`."""
        return look_up(n, seed, at)


@dataclass(frozen=True, kw_only=True)
class Window:
    """A window of `size` samples is shown whole, then slides on by a part of it: each comes back soon, `visits` times.

    For methods that compare a picture with what they remember of it: in epochs of a large source that is stale when it
    is needed. The sliding-window schedule of parametric instance classification (Cao et al. 2020,
    https://arxiv.org/abs/2006.14618, section 3.3). All samples are passed once in `n * visits` positions. A source no
    larger than the window is read in epochs.
    """

    size: int = 2048
    visits: int = 16

    def __post_init__(self) -> None:
        if self.visits < 1 or self.size < 1 or self.size % self.visits:
            raise ValueError(
                f"a window of {self.size} samples cannot slide on by a part in {self.visits}: give a size that is a "
                "multiple of the visits, for instance size=2048, visits=16"
            )

    def reached(self, n: int, count: int) -> int:
        """How many of `n` samples the first `count` positions show; exact for a multiple of `size`, else a few less."""
        if n <= self.size:
            return min(n, count)
        slides = max(0, -(-count // self.size) - 1)
        return min(n, count, self.size + slides * (self.size // self.visits))

    def look_up(self, n: int, seed: int, at: np.ndarray) -> np.ndarray:
        """Sample indices (count,) int64 at positions `at` (count,) >= 0 of a source of `n`."""
        if n <= self.size:
            return look_up(n, seed, at)
        at = np.asarray(at, np.int64)
        first = at // self.size * (self.size // self.visits)
        inside = look_up(self.size, seed_of(seed, "window"), at)
        # one order throughout: a window over the border of two would hold a sample twice
        return look_up(n, seed, (first + inside) % n)


Order = Epochs | Window | PK | Pairs | Episodes
EPOCHS = Epochs()


def order(n: int, seed: int, epoch: int) -> np.ndarray:
    """The permutation (n,) int64 in which one epoch visits a source of `n` samples."""
    return look_up(n, seed, np.arange(epoch * n, (epoch + 1) * n))


def positions(n: int, seed: int, start: int, count: int) -> np.ndarray:
    """Sample indices (count,) int64 at positions start .. start + count, across epoch borders."""
    return look_up(n, seed, np.arange(start, start + count))


def mixture_look_up(
    lengths: Sequence[int], weights: Sequence[float], seed: int, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(source number, index in that source), each (count,) int64, at positions `at` of a mixture.

    The k-th draw from source s is position k of that source's own endless sequence, so every source is visited evenly,
    whatever the others are.
    """
    at = np.asarray(at, np.int64)
    shares = _shares(weights)
    if len(lengths) != len(shares):
        raise ValueError(f"{len(lengths)} sources but {len(shares)} weights")
    part, index = np.empty_like(at), np.empty_like(at)
    for block in np.unique(at // BLOCK):
        here = at // BLOCK == block
        sources, draws = _block(shares, seed, int(block))
        part[here], index[here] = sources[at[here] % BLOCK], draws[at[here] % BLOCK]
    for source, length in enumerate(lengths):
        mine = part == source
        if mine.any():
            index[mine] = look_up(length, seed_of(seed, "part", source), index[mine])
    return part, index


def counts(shares: Sequence[int], total: int) -> np.ndarray:
    """How many of the first `total` positions fall to each source, (sources,) int64 summing to `total`.

    Each takes the floor of its share of what the earlier ones left. Whole numbers throughout: no count ever falls as
    `total` grows, which separate floors of total * weight do not promise.
    """
    taken, tail = [], sum(shares)
    for share in shares:
        taken.append(total * share // tail if tail > share else total)
        total, tail = total - taken[-1], tail - share
    return np.array(taken, np.int64)


@lru_cache(maxsize=64)
def _block(shares: tuple[int, ...], seed: int, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each position in a block: its source, and which draw of that source it is."""
    before, after = counts(shares, block * BLOCK), counts(shares, (block + 1) * BLOCK)
    sources = np.repeat(np.arange(len(shares)), after - before)
    draws = np.concatenate([np.arange(a, b) for a, b in zip(before, after, strict=True)])
    shuffle = shuffled(BLOCK, seed_of(seed, "block"), block)
    return sources[shuffle], draws[shuffle]


def _shares(weights: Sequence[float]) -> tuple[int, ...]:
    """Weights as whole numbers out of 2**32; those of no weight get no position."""
    values = np.asarray(weights, np.float64)
    if values.ndim != 1 or not np.isfinite(values).all() or (values < 0).any() or values.sum() <= 0:
        raise ValueError(f"weights must be finite, none negative, not all zero; got {list(weights)}")
    return tuple(int(share) for share in np.rint(values / values.sum() * 2**32))
