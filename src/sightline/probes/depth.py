r"""Linear depth probe: how much of the distance of things a linear map can read off the patches of a frozen tower.

log d = w x + b of each patch, tokens x standardised by the training ones;  enlarged bilinearly;  exp

The small form of DINOv2's depth probe (Oquab et al. 2023, https://arxiv.org/abs/2304.07193, section 7.4), which has
256 bins and the class token beside every patch. w and b minimise, in closed form,

sum_patches v (w x + b - t)^2 / sum v + ridge |w|^2

t being the mean of log depth over the part v of the patch whose depth is known. Depth that is 0, negative, NaN or
infinite is unknown everywhere in this module. `ridge` is chosen on training pictures held out, then all are fitted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from sightline.probes.grid import Size, as_tensor, by_size, enlarged, nearest, planes_of, sizes_of, summed, tokens_of
from sightline.probes.linear import mean_and_deviation

RIDGES = tuple(10.0**power for power in range(-4, 2))
WITHIN = 1.25
"""delta1 counts pixels whose ratio to the truth is below this"""


@dataclass(frozen=True, slots=True)
class DepthErrors:
    """Over all `n` pixels of known depth of a set (not the mean of the pictures' own). Depth d, truth d*."""

    rmse: float
    """sqrt(mean (d - d*)^2), in the unit of the depth"""
    abs_rel: float
    """mean |d - d*| / d*"""
    delta1: float
    """share with max(d / d*, d* / d) < 1.25"""
    n: int


class DepthProbe:
    """`fit` learns a linear map from patches to log depth, `predict` enlarges it to depth at every pixel."""

    def __init__(self, ridge: float | Sequence[float] = RIDGES, *, held: float = 0.2, seed: int = 0) -> None:
        """`ridge`: one strength of the penalty, or several of which the best on the share `held` of the pictures is
        taken (`seed` says which those are)."""
        given = (ridge,) if isinstance(ridge, int | float) else tuple(ridge)
        if not given or min(given) <= 0 or not 0 < held < 1:
            raise ValueError(f"ridge must be above 0 and held between 0 and 1; got {ridge!r} and {held}")
        self.ridges, self.held, self.seed = tuple(sorted(given)), held, seed

    def fit(self, tokens: Any, depths: Any) -> "DepthProbe":
        """Tokens (n, gy, gx, d), depths n float arrays (y, x) of any sizes. Returns itself, with `coef_` (d,),
        `intercept_`, `mean_`, `deviation_` (d,), `ridge_`, and `errors_` of every ridge that was tried.

        Raises ValueError where no depth is known, or the numbers of tokens and depths differ.
        """
        patches = tokens_of(tokens)
        planes = depths_of(depths, len(patches))
        parts = [log_depth(plane, patches.shape[1:3]) for plane in planes]
        wanted, known = (np.stack(side).reshape(len(planes), -1) for side in zip(*parts, strict=True))
        rows = patches.reshape(len(planes), -1, patches.shape[-1])
        usable = np.flatnonzero(known.sum(axis=1) > 0)
        self.ridge_, self.errors_ = self._chosen(rows[usable], wanted[usable], known[usable])
        self._solve(_System(rows[usable], wanted[usable], known[usable]), self.ridge_)
        return self

    def log_depth(self, tokens: Any) -> Float[np.ndarray, "n gy gx"]:
        """What the patches say, as log depth, float32."""
        rows = (tokens_of(tokens) - self.mean_) / self.deviation_
        return (rows.astype(np.float64) @ self.coef_ + self.intercept_).astype(np.float32)

    def predict(self, tokens: Any, size: Any) -> np.ndarray | list[np.ndarray]:
        """Depth (n, y, x) float32 at `size` (y, x); for a list of sizes a list of arrays."""
        found = self._predicted(tokens, sizes_of(size, len(tokens)))
        return np.stack(found) if np.ndim(size) == 1 else found

    def score(self, tokens: Any, depths: Any) -> DepthErrors:
        """The errors over all pixels of known depth."""
        planes = depths_of(depths, len(tokens))
        return pooled(error_sums(planes, self._predicted(tokens, [plane.shape for plane in planes])))

    def _predicted(self, tokens: Any, sizes: Sequence[Size]) -> list[np.ndarray]:
        said, found = self.log_depth(tokens)[..., None], [np.empty(0)] * len(sizes)
        for size, numbers in by_size(sizes):
            for number, plane in zip(numbers, enlarged(as_tensor(said[numbers]), size)[:, 0].numpy(), strict=True):
                found[number] = np.exp(plane)
        return found

    def _chosen(self, rows: np.ndarray, wanted: np.ndarray, known: np.ndarray) -> tuple[float, dict[float, float]]:
        """The ridge of the least error of log depth on pictures held out, of equals the greatest, and all errors."""
        if len(self.ridges) == 1 or len(rows) < 2:
            return self.ridges[-1], {}
        order = np.random.default_rng(self.seed).permutation(len(rows))
        count = min(max(1, round(self.held * len(rows))), len(rows) - 1)
        held, part = order[:count], order[count:]
        system, errors = _System(rows[part], wanted[part], known[part]), {}
        for ridge in self.ridges:
            self._solve(system, ridge)
            away = (rows[held] - self.mean_) / self.deviation_ @ self.coef_ + self.intercept_ - wanted[held]
            errors[ridge] = float((known[held] * away**2).sum() / known[held].sum())
        return min(errors, key=lambda ridge: (errors[ridge], -ridge)), errors

    def _solve(self, system: "_System", ridge: float) -> None:
        self.mean_, self.deviation_ = system.mean, system.deviation
        self.coef_, self.intercept_ = system.solve(ridge)


class _System:
    """The normal equations of one set of patches, to be solved for several ridges."""

    def __init__(self, rows: np.ndarray, wanted: np.ndarray, known: np.ndarray) -> None:
        used = known > 0
        patches, target, weight = rows[used], wanted[used], known[used] / known.sum()
        self.mean, self.deviation = mean_and_deviation(patches)
        standard = ((patches - self.mean) / self.deviation).astype(np.float64)
        # weighted means taken out of both sides leave the bias free of the penalty
        self.middle, self.level = weight @ standard, float(weight @ target)
        apart = (standard - self.middle) * np.sqrt(weight)[:, None]
        self.values, self.axes = np.linalg.eigh(apart.T @ apart)
        self.slope = self.axes.T @ (apart.T @ ((target - self.level) * np.sqrt(weight)))

    def solve(self, ridge: float) -> tuple[np.ndarray, float]:
        """w (d,) and b."""
        w = self.axes @ (self.slope / (np.maximum(self.values, 0) + ridge))
        return w, self.level - float(self.middle @ w)


class TrainingMean:
    """The mean depth of the training pixels everywhere: the best that one number does by RMSE."""

    def fit(self, depths: Any) -> "TrainingMean":
        """Depths n (y, x). Returns itself, with `depth_`."""
        planes = depths_of(depths)
        self.depth_ = float(sum(_known_sum(plane) for plane in planes) / sum(known(plane).sum() for plane in planes))
        return self

    def predict(self, sizes: Sequence[Size]) -> list[np.ndarray]:
        """One plane a size."""
        return [np.full(size, self.depth_) for size in sizes]


class PositionMean:
    """The mean depth of the training pixels at each place: what knowing where a camera stands scores, without looking.

    Places are the pixels of the first training picture; others are brought to them by area. One at which no depth was
    ever known has the mean of all.
    """

    def fit(self, depths: Any) -> "PositionMean":
        """Depths n (y, x). Returns itself, with `depth_` (y, x) of the first."""
        planes = depths_of(depths)
        size = planes[0].shape
        total = sum(summed(np.where(known(plane), plane, 0), size) for plane in planes)
        area = np.asarray(sum(summed(known(plane), size) for plane in planes))
        self.depth_ = np.where(area > 0, total / np.where(area > 0, area, 1), TrainingMean().fit(planes).depth_)
        return self

    def predict(self, sizes: Sequence[Size]) -> list[np.ndarray]:
        """One plane a size, by nearest place."""
        return [nearest(self.depth_, size) for size in sizes]


def grid_oracle(depths: Any, grid: Size) -> list[Float[np.ndarray, "y x"]]:
    """The mean known depth of every patch, back at every pixel: no plane that is flat in each patch has a lower RMSE.

    A patch without any known depth is 0. A probe is enlarged smoothly, and so may come closer where depth has slopes.
    """
    found = []
    for plane in depths_of(depths):
        area = summed(known(plane), grid)
        total = summed(np.where(known(plane), plane, 0), grid)
        found.append(nearest(np.divide(total, area, out=np.zeros(grid), where=area > 0), plane.shape))
    return found


def error_sums(truth: Any, predicted: Any) -> Float[np.ndarray, "n 4"]:
    """Of every picture over pixels of known depth: their number, and the sums of (d - d*)^2, of |d - d*| / d*, and of
    those within 1.25. Sums over pictures, or over pictures drawn again, go to `pooled`.

    Raises ValueError where a predicted plane has another size than the truth, or is not above 0 and finite there.
    """
    planes, found = depths_of(truth), []
    for number, (plane, guess) in enumerate(
        zip(planes, planes_of(predicted, len(planes), "predicted depth"), strict=True)
    ):
        if plane.shape != guess.shape:
            raise ValueError(f"predicted depth {number} is {guess.shape} pixels, its truth {plane.shape}; resize it")
        keep = known(plane)
        real, said = plane[keep].astype(np.float64), guess[keep].astype(np.float64)
        if not known(said).all():
            raise ValueError(f"predicted depth {number} is not above 0 and finite in {(~known(said)).sum()} pixels")
        away = said - real
        within = np.maximum(said / real, real / said) < WITHIN
        found.append([len(real), (away**2).sum(), (np.abs(away) / real).sum(), within.sum()])
    return np.array(found, np.float64)


def pooled(sums: Float[np.ndarray, "n 4"]) -> DepthErrors:
    """The errors of a set from the sums of its pictures. ValueError where no depth is known."""
    n, squared, relative, within = sums.sum(axis=0).tolist()
    if not n:
        raise ValueError("no pixel has a known depth (above 0 and finite); nothing can be measured")
    return DepthErrors(float(np.sqrt(squared / n)), relative / n, within / n, int(n))


def known(plane: np.ndarray) -> np.ndarray:
    """Bool: where the depth is a distance, above 0 and finite."""
    return np.isfinite(plane) & (plane > 0)


def depths_of(depths: Any, count: int | None = None) -> list[np.ndarray]:
    """Depths as planes. ValueError for another count than that of the pictures, and where none is known at all."""
    planes = planes_of(depths, count, "depth")
    if not any(known(plane).any() for plane in planes):
        raise ValueError("no pixel has a known depth (above 0 and finite); nothing can be measured")
    return planes


def log_depth(plane: np.ndarray, grid: Size) -> tuple[Float[np.ndarray, "gy gx"], Float[np.ndarray, "gy gx"]]:
    """Mean log depth of every patch over its known part, 0 where that is nothing; and that part, of 1."""
    there = known(plane)
    area = summed(there, grid)
    total = summed(np.log(np.where(there, plane, 1.0)), grid)
    whole = plane.shape[0] / grid[0] * plane.shape[1] / grid[1]
    return np.divide(total, area, out=np.zeros(grid), where=area > 0), area / whole


def _known_sum(plane: np.ndarray) -> float:
    return float(plane[known(plane)].astype(np.float64).sum())
