r"""Linear probe: multinomial logistic regression on frozen vectors (Radford et al. 2021, appendix A.3).

minimise  sum_i [logsumexp_c z_ic - z_iy_i] + 1/(2 C) ||W||^2,    z_i = W x_i + b

x are the vectors standardised by the mean and deviation of the fitted ones; the bias is free. C is scikit-learn's: it
multiplies a sum, so a C chosen on a part of the vectors is scaled by the part's share when all of them are fitted.

The optimum is found by L-BFGS, in coordinates in which it is nearly round: W = (X'X / 2 + 1 / C)^(-1/2) V. The matrix
is Boehning's bound of the curvature (1992), the same for every class, so one eigendecomposition serves all C. It
changes no optimum and needs a fraction of the steps. C is chosen on float32 vectors, the fit that is kept is float64:
a line search on float32 sums ends where the loss is right to 1e-7 and the weights only to 1e-2.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from sightline.data.array import to_numpy

STRENGTHS = tuple(10.0**power for power in range(-6, 2))
ROUGH, FINE = 1e-4, 1e-6
"""greatest slope of the mean loss at which a fit ends: while choosing C, and for the fit that is kept"""


class LinearProbe:
    """`fit` learns weights and labels, `predict` takes the greatest logit. Labels below 0 (none) are left out."""

    def __init__(
        self, strengths: float | Sequence[float] = STRENGTHS, *, held: float = 0.1, seed: int = 0, steps: int = 1000
    ) -> None:
        """`strengths`: one C, or several of which the best on the share `held` of the vectors is taken (`seed` says
        which those are) before all are fitted. `steps` bounds the iterations of a fit."""
        given = (strengths,) if isinstance(strengths, int | float) else tuple(strengths)
        if not given or min(given) <= 0:
            raise ValueError(f"strengths are values of C above 0, at least one; got {strengths!r}")
        if not 0 < held < 1:
            raise ValueError(f"held is the share of the vectors that C is chosen on, between 0 and 1; got {held}")
        self.strengths, self.held, self.seed, self.steps = tuple(sorted(given)), held, seed, steps

    def fit(self, vectors: Any, labels: Any) -> "LinearProbe":
        """Vectors (n, d), labels (n,) int. Returns itself, with `coef_` (classes, d) and `intercept_` (classes,) of
        the standardised vectors, `mean_`, `deviation_`, `C_`, and `accuracies_` of every C that was tried."""
        rows, known = to_numpy(vectors).astype(np.float32, copy=False), to_numpy(labels).astype(np.int64)
        if len(known) != len(rows):
            raise ValueError(f"{len(rows)} vectors came with {len(known)} labels; give one each")
        if not np.isfinite(rows).all():
            raise ValueError(f"{int((~np.isfinite(rows).all(axis=1)).sum())} of {len(rows)} vectors are not finite")
        rows, known = rows[known >= 0], known[known >= 0]
        self.classes_, targets = np.unique(known, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"a linear probe needs labels of at least two classes, got {self.classes_.tolist()}")
        self.accuracies_: dict[float, float] = {}
        start = None
        if len(self.strengths) == 1:
            self.C_ = self.strengths[0]
        else:
            self.C_, start = self._chosen(rows, targets)
        self.mean_, self.deviation_ = mean_and_deviation(rows)
        problem = Problem((rows.astype(np.float64) - self.mean_) / self.deviation_, targets, len(self.classes_))
        weights = problem.solve(self.C_, start=start, slope=FINE, steps=self.steps).numpy()
        self.coef_, self.intercept_ = weights[:-1].T.copy(), weights[-1].copy()
        return self

    def logits(self, vectors: Any) -> np.ndarray:
        """Float64 (q, classes), columns as `classes_`."""
        rows = (to_numpy(vectors).astype(np.float32, copy=False) - self.mean_) / self.deviation_
        return rows.astype(np.float64) @ self.coef_.T + self.intercept_

    def predict(self, vectors: Any) -> np.ndarray:
        """Labels (q,); equal logits go to the smaller label."""
        return self.classes_[self.logits(vectors).argmax(axis=1)]

    def score(self, vectors: Any, labels: Any) -> float:
        """Share of `labels` (q,) predicted; labels below 0 are not counted."""
        truth = to_numpy(labels)
        return float((self.predict(vectors) == truth)[truth >= 0].mean())

    def _chosen(self, rows: np.ndarray, targets: np.ndarray) -> tuple[float, Float[Tensor, "e k"]]:
        """The C of the best accuracy on held-out vectors (of equals the smallest), scaled to all, and its weights."""
        order = np.random.default_rng(self.seed).permutation(len(rows))
        count = min(max(1, round(self.held * len(rows))), len(rows) - 1)
        held, part = order[:count], order[count:]
        mean, deviation = mean_and_deviation(rows[part])
        problem = Problem((rows[part] - mean) / deviation, targets[part], len(self.classes_))
        judged, truth = torch.from_numpy((rows[held] - mean) / deviation), torch.from_numpy(targets[held])
        weights, found = None, {}
        for strength in self.strengths:
            weights = found[strength] = problem.solve(strength, start=weights, slope=ROUGH, steps=self.steps)
            self.accuracies_[strength] = float((logits(judged, weights).argmax(1) == truth).double().mean())
        best = max(self.accuracies_, key=lambda strength: (self.accuracies_[strength], -strength))
        return best * len(part) / len(rows), found[best]


def mean_and_deviation(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (d,) float32 of vectors (n, d); a number that never changes has deviation 1."""
    mean, deviation = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
    # what rounding alone can do to a constant is no variation
    flat = deviation <= 1e-6 * np.maximum(1e-30, np.abs(mean))
    return mean.astype(np.float32), np.where(flat, 1.0, deviation).astype(np.float32)


def logits(rows: Float[Tensor, "q d"], weights: Float[Tensor, "e k"]) -> Float[Tensor, "q k"]:
    """Rows times W', plus b, in the precision of the rows; weights (d + 1, k): W', and b below it."""
    given = weights.to(rows.dtype)
    return torch.addmm(given[-1], rows, given[:-1])


class Problem:
    """The sum above for one set of standardised vectors, to be solved for several C."""

    def __init__(self, rows: np.ndarray, targets: np.ndarray, k: int) -> None:
        self.rows, self.targets, self.k = torch.from_numpy(rows), torch.from_numpy(targets), k
        self.values, self.axes = _axes(self.rows)

    def solve(
        self, strength: float, *, start: Float[Tensor, "e k"] | None, slope: float, steps: int
    ) -> Float[Tensor, "e k"]:
        """Float64 weights (d + 1, k) at C = `strength`, from `start` (zeros if None) until no slope of the mean loss
        exceeds `slope`."""
        n = len(self.rows)
        curve = (self.values.clamp(min=0) / 2 + 1 / strength).sqrt()

        def opened(v: Float[Tensor, "f k"]) -> Float[Tensor, "e k"]:
            return torch.cat([self.axes @ (v[:-1] / curve[:, None]), v[-1:] / (n / 2) ** 0.5])

        def closed(w: Float[Tensor, "e k"]) -> Float[Tensor, "f k"]:
            return torch.cat([curve[:, None] * (self.axes.T @ w[:-1]), w[-1:] * (n / 2) ** 0.5])

        v = closed(start) if start is not None else torch.zeros(len(curve) + 1, self.k, dtype=torch.float64)
        v.grad = torch.zeros_like(v)
        # slopes in the round coordinates are those of the sum over its curvature, about sqrt(n) times the mean's
        search = torch.optim.LBFGS(
            [v],
            max_iter=steps,
            max_eval=2 * steps,
            tolerance_grad=slope * n**0.5,
            tolerance_change=0.0,
            history_size=20,
            line_search_fn="strong_wolfe",
        )

        def value() -> float:
            weights = opened(v)
            loss, slopes = self._loss(weights)
            ridge = weights[:-1] / strength
            slopes[:-1] += ridge
            assert v.grad is not None
            # the gradient through `opened`, whose transpose it is
            v.grad[:-1] = (self.axes.T @ slopes[:-1]) / curve[:, None]
            v.grad[-1] = slopes[-1] / (n / 2) ** 0.5
            return loss + 0.5 * float((weights[:-1] * ridge).sum())

        search.step(value)  # pyright: ignore[reportArgumentType]  # a float does as well as a tensor
        return opened(v)

    def _loss(self, weights: Float[Tensor, "e k"]) -> tuple[float, Float[Tensor, "e k"]]:
        """Sum of cross-entropies and its slopes in the weights."""
        logs = F.log_softmax(logits(self.rows, weights), dim=1)
        at = self.targets[:, None]
        loss = -float(logs.gather(1, at).sum(dtype=torch.float64))
        apart = logs.exp_()
        apart.scatter_add_(1, at, torch.full_like(apart[:, :1], -1.0).expand(len(at), 1))
        return loss, torch.cat([self.rows.T @ apart, apart.sum(0, keepdim=True)]).double()


def _axes(rows: Float[Tensor, "n d"]) -> tuple[Float[Tensor, " r"], Float[Tensor, "d r"]]:
    """Eigenvalues of X'X and their axes, float64; of fewer rows than numbers only those that rows can have.

    The penalty keeps the weights of every class in the span of the rows, so nothing is lost.
    """
    if len(rows) >= rows.shape[1]:
        return torch.linalg.eigh((rows.T @ rows).double())
    wide = rows.double()
    values, left = torch.linalg.eigh(wide @ wide.T)
    kept = values > 1e-10 * values[-1]
    return values[kept], wide.T @ left[:, kept] / values[kept].sqrt()
