"""What every mask of a drawing keeps to, whichever elements it is made from.

- Ratio: measured over ink, not over patches most of which are blank. Pictures with fewer than 4 inked patches get block
  masks.
- Never only solid: of the masked patches at most min(1/2, the picture's own share) are one flat colour, and never all,
  unless all of the picture is. (Not for the block masks of empty pictures, of which one patch alone must not be solid.)
- Guard: a quarter of the inked patches stay visible (of a single one none: the rule above goes first).

An exact count may leave no room for the second, at most ratios over 3/4 for the third; then the count wins. (MAE can
weigh flat patches less in its loss: `method.flat_weight`.)
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from sightline.data.augment.draws import Draws
from sightline.data.masks.amount import Ratio, counted, lowest
from sightline.data.masks.block import block_masks
from sightline.data.masks.patches import ink_share, solid

INKED = 0.02
"""share of ink from which a patch is not blank"""
FEW = 4
"""inked patches under which a picture gets a block mask"""
VISIBLE = 0.25
"""share of the inked patches that stays visible"""


@dataclass(frozen=True, slots=True)
class Patches:
    """What the rules ask of a batch of patches, in rows of n = gy gx."""

    grid: tuple[int, int]
    mass: np.ndarray
    """(b, n) share of ink; 0 in a blank patch"""
    solid: np.ndarray
    """(b, n) bool: one flat colour"""

    @property
    def inked(self) -> np.ndarray:
        """(b, n) bool: not blank."""
        return self.mass > 0

    @property
    def few(self) -> np.ndarray:
        """(b,) bool: too little ink to mask anything but blocks."""
        return self.inked.sum(1) < FEW

    @property
    def allowed(self) -> np.ndarray:
        """(b,) the most inked patches a mask may take."""
        inked = self.inked.sum(1)
        return np.maximum(inked - np.ceil(VISIBLE * inked).astype(int), 1)


def patches(pictures: Float[Tensor, "b 3 y x"], elements: Int[Tensor, "b y x"], grid: tuple[int, int]) -> Patches:
    """The patches of pictures whose elements are known."""
    mass = ink_share(elements > 0, grid).flatten(1).cpu().numpy()
    return Patches(grid, np.where(mass >= INKED, mass, 0), solid(pictures, grid).flatten(1).cpu().numpy())


def nearness(patches: Patches, draws: Draws) -> np.ndarray:
    """(b, n) in [0, 1): how far each patch is from one that is drawn by its ink."""
    gy, gx = patches.grid
    weights = np.where(patches.inked.any(1, keepdims=True), patches.mass, 1.0)
    middle = picked(weights, draws.many("anchor", 1))[:, 0]
    at = np.arange(gy * gx)
    apart = np.hypot(at // gx - (middle // gx)[:, None], at % gx - (middle % gx)[:, None])
    return apart / (np.hypot(gy, gx) + 1)


def picked(weights: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """(b, k) positions drawn in proportion to `weights` (b, n), one for each of `uniform` (b, k)."""
    up_to = weights.cumsum(1)
    drawn = (up_to[:, None, :] <= (uniform * up_to[:, -1:])[:, :, None]).sum(2)
    return np.minimum(drawn, weights.shape[1] - 1)


def settled(
    chosen: np.ndarray, rest: np.ndarray, patches: Patches, ratio: Ratio, near: np.ndarray, draws: Draws
) -> np.ndarray:
    """The masks (b, n) that the rules make of the `chosen` patches (b, n).

    With a pair for `ratio` patches are only taken away, the farthest by `near` (b, n) first (save one that is not
    solid, where there was none). With a number exactly int(ratio n) remain or are added, in this order: the chosen, the
    nearest first; random others; `rest` (b, n), what a mask by parts leaves of the elements it takes; solid patches
    over the rule; inked patches over the guard.
    """
    b, n = chosen.shape
    exact = not isinstance(ratio, tuple)
    chosen = np.where(patches.few[:, None], block_masks(ratio, patches.grid, draws.within("few")), chosen)
    noise = draws.many("noise", n)
    key = np.where(chosen, near, np.where(rest, 2, 1) + noise)
    count = counted(ratio, n, b) if not isinstance(ratio, tuple) else chosen.sum(1)

    flat = (chosen & ~patches.solid).sum(1) == 0
    rows = np.flatnonzero(flat & ~patches.solid.all(1))
    first = np.where(patches.solid, np.inf, key)[rows].argmin(1)
    key[rows, first] = -1
    chosen[rows, first] = True

    limit = np.minimum(0.5, patches.solid.mean(1))
    structured = (chosen & ~patches.solid).sum(1)
    quota = limit * count if exact else limit / (1 - limit) * structured
    quota = np.where(patches.few | patches.solid.all(1), n, np.floor(quota + 1e-9))
    over_guard = _beyond(key, patches.inked, patches.allowed)
    over_solid = _beyond(key, patches.solid & ~over_guard, quota)
    if exact:
        return lowest(key + 10 * over_solid + 100 * over_guard, count)
    return chosen & ~over_solid & ~over_guard


def _beyond(key: np.ndarray, kind: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Patches of a kind that come after the first `most` of that kind in the order of `key`."""
    order = np.argsort(key, axis=1, kind="stable")
    late = np.empty_like(kind)
    sorted_kind = np.take_along_axis(kind, order, 1)
    np.put_along_axis(late, order, sorted_kind & (sorted_kind.cumsum(1) > most[:, None]), 1)
    return late
