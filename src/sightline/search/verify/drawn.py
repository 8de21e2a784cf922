"""Balanced pairs of a labelled source, drawn by a seed: as many of one class as of two.

Classes are drawn evenly, then pictures within them, so that no large class decides alone; no pair comes twice. Where
there are classes enough they are dealt to the folds first, as in Labeled Faces in the Wild: what chooses a threshold
has then seen nobody of the fold it is reported on.
"""

from collections.abc import Sequence

import numpy as np

from sightline.data.draw import seed_of
from sightline.data.sample import Source
from sightline.data.sources.labels import labels_of
from sightline.probes.verification import dealt
from sightline.search.verify.pair import Pairs

Drawn = list[tuple[int, int]]


def draw_pairs(source: Source, count: int = 6000, folds: int = 10, seed: int = 0) -> Pairs:
    """At most `count` pairs, half of them of one class, in `folds` folds; fewer where the source has no more.

    Raises ValueError for a source without labels, with one class only, or with no class of two pictures, and for too
    few pairs to fill the folds.
    """
    if folds < 2:
        raise ValueError(f"{folds} folds: a threshold is chosen on some and reported on another; expected at least 2")
    if count < 2 * folds:
        raise ValueError(f"{count} pairs do not fill {folds} folds with a pair of each kind; expected {2 * folds}")
    labels = labels_of(source)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels[labels >= 0])]
    if not members:
        raise ValueError(
            f"{source.name} has no labels to draw pairs from: give a folder per class, a table with a column label, or "
            "a table of pairs with the columns left, right, same"
        )
    if len(members) < 2:
        raise ValueError(
            f"{source.name} has one class only, so no two pictures of it are different; verification needs two or more"
        )
    lone = sum(len(mine) < 2 for mine in members)
    if lone == len(members):
        raise ValueError(
            f"none of the {lone:,} classes of {source.name} has two pictures, so no pair shows the same; give at least "
            "two pictures of some class"
        )
    rng = np.random.default_rng(seed_of("verification pairs", seed))
    order = rng.permutation(len(members))
    # the largest first, so that every fold gets its share of them
    several = sorted((members[k] for k in order if len(members[k]) > 1), key=len, reverse=True)
    rest = [members[k] for k in order if len(members[k]) < 2]
    hands = [several[f::folds] + rest[f::folds] for f in range(folds)]
    apart = len(several) >= folds and all(len(hand) > 1 for hand in hands)
    if apart:
        drawn = [_balanced(hand, count // folds // 2, rng) for hand in hands]
        fold = np.repeat(np.arange(folds), [2 * len(ones) for ones, _ in drawn])
    else:
        drawn, fold = [_balanced([*several, *rest], count // 2, rng)], None
    pairs = np.array([pair for ones, others in drawn for pair in (*ones, *others)], np.int64).reshape(-1, 2)
    same = np.array([kind for ones, others in drawn for kind in [True] * len(ones) + [False] * len(others)])
    if fold is None:
        fold = dealt(same, folds, seed)
    return Pairs(source, pairs[:, 0], pairs[:, 1], same, fold, apart, lone)


def _balanced(members: Sequence[np.ndarray], want: int, rng: np.random.Generator) -> tuple[Drawn, Drawn]:
    """Pairs of one class and of two, as many of each: at most `want`."""
    ones, others = _of_one(members, want, rng), _of_two(members, want, rng)
    most = min(len(ones), len(others))
    return ones[:most], others[:most]


def _of_one(members: Sequence[np.ndarray], want: int, rng: np.random.Generator) -> Drawn:
    open_ = [mine for mine in members if len(mine) > 1]
    room = [len(mine) * (len(mine) - 1) // 2 for mine in open_]
    if sum(room) <= 2 * want:
        every = [(int(a), int(b)) for mine in open_ for n, a in enumerate(mine) for b in mine[n + 1 :]]
        return [every[place] for place in rng.permutation(len(every))[:want]]
    found: dict[tuple[int, int], None] = {}
    while len(found) < want:
        at = int(rng.integers(len(open_)))
        pair = _ordered(*rng.choice(open_[at], 2, replace=False))
        if pair in found:
            continue
        found[pair] = None
        room[at] -= 1
        if not room[at]:
            del open_[at], room[at]
    return list(found)


def _of_two(members: Sequence[np.ndarray], want: int, rng: np.random.Generator) -> Drawn:
    sizes = np.array([len(mine) for mine in members])
    if (sizes.sum() ** 2 - (sizes**2).sum()) // 2 <= 2 * want:
        every = [
            _ordered(a, b) for n, mine in enumerate(members) for other in members[n + 1 :] for a in mine for b in other
        ]
        return [every[place] for place in rng.permutation(len(every))[:want]]
    found: dict[tuple[int, int], None] = {}
    while len(found) < want:
        one, other = rng.choice(len(members), 2, replace=False)
        found[_ordered(rng.choice(members[one]), rng.choice(members[other]))] = None
    return list(found)


def _ordered(a: int, b: int) -> tuple[int, int]:
    return min(int(a), int(b)), max(int(a), int(b))
