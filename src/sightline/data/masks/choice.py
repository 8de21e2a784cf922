"""Which elements a mask takes: in random order, those that fit, until there is enough ink."""

import numpy as np

from sightline.data.masks.rules import Patches

SLACK = 1.25
"""how far over the wanted ink an element may take a mask, as a factor"""


def choose(
    cover: np.ndarray, spare: np.ndarray, patches: Patches, ratio: np.ndarray, near: np.ndarray, order: np.ndarray
) -> np.ndarray:
    """Patches (b, n) of the elements taken.

    `cover` (b, e, n) are the patches to mask of each element, none for one that cannot be taken; `spare` (b, e, n)
    those of which one at least must then stay visible, none where nothing must. Elements come in the order of `order`
    (b, e); one is taken if the inked patches stay within the guard and the ink within 1.25 of `ratio` (b,) of all ink.
    Where the ink is still less than `ratio`, the first element that did not fit gives its patches nearest by `near`
    (b, n), one at least where nothing else is masked.
    """
    b, e, n = cover.shape
    mask, kept = np.zeros((b, n), bool), np.zeros((b, n), bool)
    refused, waiting = np.zeros((b, n), bool), np.ones(b, bool)
    wanted = ratio * patches.mass.sum(1)
    rows, turns = np.arange(b), np.argsort(np.where(cover.any(2), order, np.inf), axis=1, kind="stable")
    for turn in range(int(cover.any(2).sum(1).max(initial=0))):
        element = turns[:, turn]
        patch, left = cover[rows, element], spare[rows, element]
        both = mask | patch
        open_ = patch.any(1) & ((mask * patches.mass).sum(1) < wanted)
        if not open_.any():
            break
        free = left & ~both
        visible = ~(patch & kept).any(1) & (free.any(1) | ~left.any(1))
        fits = (
            visible
            & ((both * patches.mass).sum(1) <= SLACK * wanted)
            & ((both & patches.inked).sum(1) <= patches.allowed)
        )
        taken = open_ & fits
        mask |= patch & taken[:, None]
        one = np.zeros_like(kept)
        one[rows, np.where(free, near, -1).argmax(1)] = True
        kept |= one & free & taken[:, None]
        late = open_ & ~fits & visible & waiting
        refused |= patch & late[:, None]
        waiting &= ~late
    more = refused & ~mask
    missing = wanted - (mask * patches.mass).sum(1)
    sequence = np.argsort(np.where(more, near, np.inf), axis=1, kind="stable")
    ink = np.take_along_axis(more * patches.mass, sequence, 1).cumsum(1)
    fits = np.empty_like(more)
    np.put_along_axis(fits, sequence, ink <= missing[:, None], 1)
    mask |= more & fits & (missing > 0)[:, None]
    empty = np.flatnonzero(~mask.any(1) & more.any(1))
    mask[empty, sequence[empty, 0]] = True
    return mask
