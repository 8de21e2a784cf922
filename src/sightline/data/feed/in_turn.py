"""Two domains in turn: positions of training are one of the labelled set, one of the target, and so on."""

import numpy as np

from sightline.data.draw import seed_of
from sightline.data.feed.permutation import look_up
from sightline.data.sources.derived.domains import SOURCE, Domains


def in_turn(source: Domains, seed: int, at: np.ndarray) -> np.ndarray:
    """Indices (count,) int64 at positions `at` (count,): even ones from the labelled set, odd ones from the target,
    each in epochs of its own."""
    at = np.asarray(at, np.int64)
    rounds, first = at // 2, len(source.labelled)
    labelled = look_up(first, seed, rounds)
    target = look_up(len(source.target), seed_of(seed, "target domain"), rounds)
    return np.where(at % 2 == SOURCE, labelled, first + target)


def check_halves(source: Domains, batch: int, world: int) -> None:
    """ValueError for a batch that is not half of each domain on every rank."""
    if batch % (2 * world):
        fits = max(1, round(batch / (2 * world))) * 2 * world
        share = f" on each of {world} processes" if world > 1 else ""
        raise ValueError(
            f"{source.name} gives as many pictures of one domain as of the other{share}, and batch is {batch}: set "
            f"batch={fits}"
        )
