"""Random numbers that depend on nothing but their names.

`uniform(seed, time, index, name, n)` is a pure function: the draw for sample 17 at step 300 is the same on one process
or eight, with or without workers, before or after a resume. Each key (seed, time, sample index, operation name,
position) is mixed by two rounds of the SplitMix64 finaliser (Steele, Lea, Flood 2014), vectorised over the batch.
"""

import hashlib
from typing import TypeVar

import numpy as np

Words = TypeVar("Words", np.uint64, np.ndarray)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def uniform(seed: int, time: int, index: np.ndarray, name: str, n: int = 1) -> np.ndarray:
    """Draws in [0, 1), float64 of shape (b, n), one row per sample of `index` (b,) int64.

    `time` is the step or the epoch, `name` the operation that draws; two operations never share a stream.
    """
    with np.errstate(over="ignore"):
        key = _mix(_word(name) ^ _mix(np.uint64(seed % 2**64) + GOLDEN) ^ _mix(np.uint64(time) * GOLDEN + np.uint64(1)))
        rows = _mix(np.asarray(index).astype(np.uint64) * GOLDEN + key)
        cells = _mix(rows[:, None] + (np.arange(n, dtype=np.uint64) + np.uint64(1)) * GOLDEN)
    return (cells >> np.uint64(11)).astype(np.float64) * 2.0**-53


def seed_of(*words: object) -> int:
    """A 63-bit seed from any printable words, for `numpy.random.default_rng` or `torch.manual_seed`."""
    digest = hashlib.blake2b(repr(words).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def _word(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))


def _mix(x: Words) -> Words:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
