"""The questions of the blind comparison: which of two lists of neighbours is better, not knowing whose it is."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from sightline.data.draw import seed_of
from sightline.measure.exhibit.near import nearest

ROUNDS, LISTED = 20, 6


@dataclass(frozen=True)
class Round:
    """A query and two lists, by numbers in the album. `first` is the side, 0 left or 1 right, of the first encoder."""

    query: int
    left: list[int]
    right: list[int]
    first: int


@dataclass(frozen=True)
class Blind:
    """`ROUNDS` questions about two encoders, in an order drawn by seed."""

    suite: str
    names: tuple[str, str]
    rounds: list[Round]
    alike: float
    """share of all queries where both lists hold the same pictures, which were left out"""


def drawn_rounds(
    one: Int[np.ndarray, "n n"], other: Int[np.ndarray, "n n"], seed: int
) -> tuple[list[tuple[int, list[int], list[int], int]], float]:
    """(query, left, right, side of `one`) of queries drawn by seed among those whose two lists differ, and the share of
    queries whose lists do not. Empty where fewer than `ROUNDS` differ."""
    rng = np.random.default_rng(seed_of("blind", seed))
    lists = [(i, nearest(one, i, LISTED), nearest(other, i, LISTED)) for i in range(len(one))]
    differing = [found for found in lists if set(found[1]) != set(found[2])]
    alike = 1 - len(differing) / max(1, len(lists))
    if len(differing) < ROUNDS:
        return [], alike
    made = []
    for at in rng.permutation(len(differing))[:ROUNDS]:
        query, mine, theirs = differing[int(at)]
        side = int(rng.integers(2))
        made.append((query, theirs, mine, side) if side else (query, mine, theirs, side))
    return made, alike
