"""Endless sequences of n things, epoch after epoch a permutation: any position is a closed form of (n, seed)."""

from functools import lru_cache

import numpy as np

from sightline.data.draw import uniform

SMALL = 2**16
"""Up to here an epoch's order is sorted and kept (0.5 MB); above, each position is computed alone, in no memory."""

ROUNDS = 6


def look_up(n: int, seed: int, at: np.ndarray) -> np.ndarray:
    """Sample indices (count,) int64 at any positions `at` (count,) >= 0 of the endless sequence."""
    if n < 1:
        raise ValueError("an empty source has no order")
    at = np.asarray(at, np.int64)
    epochs, ranks = np.divmod(at, n)
    found = np.empty_like(at)
    for epoch in np.unique(epochs):
        here = epochs == epoch
        found[here] = (
            shuffled(n, seed, int(epoch))[ranks[here]] if n <= SMALL else _walk(n, seed, int(epoch), ranks[here])
        )
    return found


def dealt(n: int, hand: int, seed: int, at: np.ndarray) -> np.ndarray:
    """Things (count,) int64 at positions `at` of an endless sequence of which no hand, `hand` <= n positions from a
    multiple of `hand` on, holds one twice.

    As `look_up`, but where a hand runs over the border of two epochs, what the old one gave to it stands at the end of
    the first `hand` of the new one. Every epoch is still a permutation, so each thing comes equally often within one.
    """
    if not 1 <= hand <= n:
        raise ValueError(f"a hand of {hand} different things out of {n}: expected 1 to {n}")
    at = np.asarray(at, np.int64)
    found = look_up(n, seed, at)
    epochs, ranks = np.divmod(at, n)
    for epoch in np.unique(epochs[ranks < hand]):
        here = (epochs == epoch) & (ranks < hand)
        found[here] = _front(n, hand, seed, int(epoch))[ranks[here]]
    return found


def handed(n: int, hand: int, seed: int, at: np.ndarray) -> np.ndarray:
    """`dealt`, also where n < hand: each hand then holds every thing floor(hand / n) times, and of the rest each once
    at most."""
    if n >= hand:
        return dealt(n, hand, seed, at)
    hands, slots = np.divmod(np.asarray(at, np.int64), hand)
    whole = hand // n * n
    found, late = slots % n, slots >= whole
    if late.any():
        rest = hand - whole
        found[late] = dealt(n, rest, seed, hands[late] * rest + slots[late] - whole)
    return found


@lru_cache(maxsize=256)
def _front(n: int, hand: int, seed: int, epoch: int) -> np.ndarray:
    """The first `hand` of an epoch, those last that the epoch before has put into the same hand."""
    first = epoch
    while first * n % hand > n - hand:  # what that epoch put there is of its own front
        first -= 1
    front = np.zeros(hand, np.int64)
    for number in range(first, epoch + 1):
        border = number * n
        begun = border % hand
        tail = look_up(n, seed, np.arange(border - begun, border))
        if number > first:
            ranks = np.arange(n - begun, n)
            tail[ranks < hand] = front[ranks[ranks < hand]]
        fresh = look_up(n, seed, border + np.arange(hand))
        held = np.isin(fresh, tail)
        front = np.concatenate([fresh[~held], fresh[held]])
    return front


@lru_cache(maxsize=64)
def shuffled(n: int, seed: int, epoch: int) -> np.ndarray:
    """A permutation (n,) int64, in memory."""
    # a sort of hashes, not numpy's shuffle: numpy does not promise the same stream in every version
    return np.argsort(uniform(seed, epoch, np.arange(n), "order")[:, 0], kind="stable")


def _walk(n: int, seed: int, epoch: int, ranks: np.ndarray) -> np.ndarray:
    """A Feistel network on the next even power of two, repeated until inside n (Black and Rogaway 2002)."""
    half = (int(n - 1).bit_length() + 1) // 2
    found, todo = ranks.copy(), np.arange(len(ranks))
    while len(todo):
        left, right = found[todo] >> half, found[todo] & (2**half - 1)
        for number in range(ROUNDS):
            mixed = (uniform(seed, epoch, right, f"order{number}")[:, 0] * 2**half).astype(np.int64)
            left, right = right, left ^ mixed
        found[todo] = left << half | right
        todo = todo[found[todo] >= n]
    return found
