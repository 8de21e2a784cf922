"""Which pictures an encoder holds for alike: sheets of nearest neighbours, and pairs that one encoder sees as one.

Blind pairs are near in one encoder and far in another (Tong et al. 2024, "Eyes Wide Shut", section 2,
https://arxiv.org/abs/2401.06209). There two thresholds of the cosine decide; cosines of two encoders are on two scales,
so here ranks do: each among the other's `MUTUAL` nearest in one, and as far apart as possible in the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from sightline.data.array import unit
from sightline.data.draw import seed_of

QUERIES, NEIGHBOURS, PAIRS = 12, 8, 8
MUTUAL = 5
FAR = 0.25
"""of all others, at least so many must be nearer in the encoder that tells the two apart"""


@dataclass(frozen=True)
class Neighbour:
    """A picture by its number in the album."""

    picture: int
    cosine: float
    same: bool | None
    """whether it is of the query's class; None where that is not known"""


@dataclass
class Sheet:
    """Queries of one suite, and for each encoder the nearest of all other pictures."""

    suite: str
    pictures: int
    queries: list[int]
    classes: list[str | None]
    found: dict[str, list[list[Neighbour]]] = field(default_factory=dict)


@dataclass(frozen=True)
class BlindPair:
    """Two pictures that are near in one encoder and far in another."""

    a: int
    b: int
    near: int
    """which neighbour of the other each is at most, in the first"""
    far: int
    """which neighbour of the other each is at least, in the second"""


def ranks(vectors: Float[np.ndarray, "n d"]) -> Int[np.ndarray, "n n"]:
    """rank[i, j]: j is the rank-th nearest of i by cosine, 1 the nearest; of i itself 0. Ties by index."""
    rows = unit(vectors).astype(np.float32)
    cosines = np.nan_to_num(rows @ rows.T, nan=-1.0)
    np.fill_diagonal(cosines, np.inf)
    order = np.argsort(-cosines, axis=1, kind="stable")
    made = np.empty(order.shape, np.int32)
    np.put_along_axis(made, order, np.arange(len(order), dtype=np.int32)[None], axis=1)
    return made


def nearest(rank: Int[np.ndarray, "n n"], query: int, count: int) -> list[int]:
    """The `count` nearest of `query`, the nearest first, itself left out."""
    return [int(i) for i in np.argsort(rank[query], kind="stable")[1 : count + 1]]


def blind_pairs(
    near: Int[np.ndarray, "n n"], far: Int[np.ndarray, "n n"], count: int
) -> list[tuple[int, int, int, int]]:
    """At most `count` of (i, j, rank in `near`, rank in `far`), the farthest first, no picture twice."""
    n = len(near)
    close, apart = np.maximum(near, near.T), np.minimum(far, far.T)
    i, j = np.nonzero(np.triu((close <= MUTUAL) & (apart >= max(FAR * (n - 1), MUTUAL + 1)), k=1))
    used: set[int] = set()
    found = []
    for at in np.argsort(-apart[i, j], kind="stable"):
        a, b = int(i[at]), int(j[at])
        if len(found) < count and a not in used and b not in used:
            used |= {a, b}
            found.append((a, b, int(close[a, b]), int(apart[a, b])))
    return found


def spread(classes: Sequence[str | None], count: int, seed: int) -> list[int]:
    """`count` places in an order drawn by seed: one of every class in turn, so that a few show many."""
    order = np.random.default_rng(seed_of("exhibit", seed)).permutation(len(classes))
    seen: dict[str | None, int] = {}
    turns = []
    for place in order:
        turns.append(seen.get(classes[place], 0))
        seen[classes[place]] = turns[-1] + 1
    return [int(order[i]) for i in np.argsort(turns, kind="stable")[:count]]
