r"""Linear segmentation probe: what one linear map can read off the patches of a frozen tower (DINOv2's "lin" protocol).

tokens standardised -> z = W x + b for each patch -> z enlarged bilinearly to the mask's own size -> argmax

Oquab et al. 2023 (https://arxiv.org/abs/2304.07193, section 7.4): BatchNorm, here without weights and with the mean and
deviation of the training tokens, then a 1x1 convolution. Departure: theirs is trained by AdamW on crops, with the
cross-entropy of every enlarged pixel. Here the cross-entropy is that of a patch with the shares q_c of the classes in
it, weighted by the part of it that is labelled,

minimise  sum_patches sum_c -q_c log softmax(z)_c + 1/(2 C) ||W||^2

which is convex, has one optimum for all machines and takes seconds. docs/measure/probes.md compares both.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from sightline.data.array import to_numpy
from sightline.probes.grid import Size, as_tensor, by_size, enlarged, nearest, planes_of, sizes_of, summed, tokens_of
from sightline.probes.linear import Problem, logits, mean_and_deviation

VOID = (255,)
"""numbers of a mask that are no class; negative ones never are"""
STRENGTH = 10.0
SLOPE = 1e-4
"""greatest slope of the mean loss at which the fit ends; further digits change no argmax"""


class SegmentationProbe:
    """`fit` learns a linear map from patches to classes, `predict` gives every pixel the class of greatest logit."""

    def __init__(self, strength: float = STRENGTH, *, ignore: Sequence[int] = VOID, steps: int = 300) -> None:
        """`strength` is C above, as in `LinearProbe`; `ignore` are numbers that are no class, beside negative ones;
        `steps` bounds the iterations."""
        if strength <= 0 or steps < 1:
            raise ValueError(f"strength must be above 0 and steps at least 1; got {strength} and {steps}")
        self.strength, self.ignore, self.steps = strength, tuple(ignore), steps

    def fit(self, tokens: Any, masks: Any) -> "SegmentationProbe":
        """Tokens (n, gy, gx, d), masks n integer arrays (y, x) of any sizes. Returns itself, with `classes_` in order,
        `coef_` (classes, d), `intercept_` (classes,), `mean_` and `deviation_` (d,).

        Raises ValueError for fewer than two classes, and where the numbers of tokens and masks differ.
        """
        patches = tokens_of(tokens)
        planes = masks_of(masks, len(patches))
        self.classes_ = classes_in(planes, self.ignore)
        if len(self.classes_) < 2:
            raise ValueError(
                f"a segmentation probe needs masks of at least two classes; these hold {self.classes_.tolist()}"
                f" beside what is left out ({', '.join(map(str, self.ignore))} and negative numbers)"
            )
        shares = np.stack([class_shares(plane, patches.shape[1:3], self.classes_) for plane in planes])
        rows, wanted = patches.reshape(-1, patches.shape[-1]), shares.reshape(-1, len(self.classes_))
        labelled = wanted.sum(axis=1) > 0
        rows, wanted = rows[labelled], wanted[labelled]
        self.mean_, self.deviation_ = mean_and_deviation(rows)
        problem = Shares((rows - self.mean_) / self.deviation_, wanted.astype(np.float32), len(self.classes_))
        weights = problem.solve(self.strength, start=None, slope=SLOPE, steps=self.steps).numpy()
        self.coef_, self.intercept_ = weights[:-1].T.copy(), weights[-1].copy()
        return self

    def logits(self, tokens: Any) -> Float[np.ndarray, "n gy gx k"]:
        """What the patches say, float32, classes as `classes_`."""
        rows = (tokens_of(tokens) - self.mean_) / self.deviation_
        return rows @ self.coef_.T.astype(np.float32) + self.intercept_.astype(np.float32)

    def predict(self, tokens: Any, size: Any) -> np.ndarray | list[np.ndarray]:
        """Classes (n, y, x) int64 at `size` (y, x); for a list of sizes a list of arrays. Equal logits go to the
        smaller class."""
        found = self._predicted(tokens, sizes_of(size, len(tokens)))
        return np.stack(found) if np.ndim(size) == 1 else found

    def score(self, tokens: Any, masks: Any) -> float:
        """The mean IoU over all pixels of the set (`mean_iou`)."""
        planes = masks_of(masks, len(tokens))
        return mean_iou(confusion(planes, self._predicted(tokens, [plane.shape for plane in planes]), self.ignore))

    def _predicted(self, tokens: Any, sizes: Sequence[Size]) -> list[np.ndarray]:
        said, found = self.logits(tokens), [np.empty(0)] * len(sizes)
        for size, numbers in by_size(sizes):
            best = enlarged(as_tensor(said[numbers]), size).argmax(1).numpy()
            for number, plane in zip(numbers, best, strict=True):
                found[number] = self.classes_[plane]
        return found


class Majority:
    """The most frequent class of the training masks for every pixel: what knowing nothing of a picture scores."""

    def __init__(self, *, ignore: Sequence[int] = VOID) -> None:
        self.ignore = tuple(ignore)

    def fit(self, masks: Any) -> "Majority":
        """Masks n (y, x). Returns itself, with `class_`; of equally frequent classes the smallest."""
        planes = masks_of(masks)
        classes = classes_in(planes, self.ignore)
        if not len(classes):
            raise ValueError("no pixel of the masks has a class")
        counts = sum(np.array([(plane == number).sum() for number in classes]) for plane in planes)
        self.class_ = int(classes[np.argmax(counts)])
        return self

    def predict(self, sizes: Sequence[Size]) -> list[np.ndarray]:
        """One plane a size."""
        return [np.full(size, self.class_, np.int64) for size in sizes]


def grid_oracle(masks: Any, grid: Size, ignore: Sequence[int] = VOID) -> list[Int[np.ndarray, "y x"]]:
    """Every mask brought to the patch grid by majority and back: its IoU is what patches without detail can reach.

    Of classes with equal parts of a patch the smallest; a patch without any class is -1. Enlarged logits can cut a
    patch and so pass this bound by a little, which is why it is called the patch grid's and not the greatest.
    """
    planes = masks_of(masks)
    classes = classes_in(planes, ignore)
    found = []
    for plane in planes:
        shares = class_shares(plane, grid, classes)
        # what rounding does to areas must not decide between equals
        best = np.round(shares, 9).argmax(axis=2) if len(classes) else np.zeros(grid, np.int64)
        kept = np.where(shares.sum(axis=2) > 0, np.append(classes, -1)[best], -1)
        found.append(nearest(kept, plane.shape))
    return found


def confusion(
    truth: Any, predicted: Any, ignore: Sequence[int] = VOID, *, k: int | None = None
) -> Int[np.ndarray, "n k k"]:
    """Pixels of each picture by true class (rows) and predicted class (columns). Pixels whose truth is in `ignore` or
    negative are not counted; the `k` classes are 0 to k - 1, of None as many as occur.

    Sums over pictures, or over pictures drawn again, give the set's. Raises ValueError where a predicted plane has
    another size than the mask, or a counted pixel was given no class, or one above k - 1.
    """
    planes, guesses = masks_of(truth), planes_of(predicted, len(truth), "predicted mask")
    counted = [~void(plane, ignore) for plane in planes]
    pairs = []
    for number, (plane, guess, keep) in enumerate(zip(planes, guesses, counted, strict=True)):
        if plane.shape != guess.shape:
            raise ValueError(f"predicted mask {number} is {guess.shape} pixels, its truth {plane.shape}; resize it")
        pairs.append((plane[keep].astype(np.int64), guess[keep].astype(np.int64)))
    greatest = max((int(side.max()) for pair in pairs for side in pair if side.size), default=-1)
    least = min((int(guess.min()) for _, guess in pairs if guess.size), default=0)
    k = max(greatest + 1, 1) if k is None else k
    if greatest >= k or least < 0:
        raise ValueError(f"classes are 0 to {k - 1}; found {least if least < 0 else greatest}")
    return np.stack([np.bincount(true * k + guess, minlength=k * k).reshape(k, k) for true, guess in pairs])


def class_iou(counts: Int[np.ndarray, "*n k k"]) -> Float[np.ndarray, " k"]:
    """IoU_c = TP / (TP + FP + FN) of the summed `counts`; NaN for a class that is neither there nor predicted."""
    whole = counts.reshape(-1, *counts.shape[-2:]).sum(axis=0).astype(np.float64)
    both = np.diagonal(whole)
    either = whole.sum(axis=0) + whole.sum(axis=1) - both
    return np.divide(both, either, out=np.full(len(both), np.nan), where=either > 0)


def mean_iou(counts: Int[np.ndarray, "*n k k"]) -> float:
    """The mean of `class_iou` over classes that are there or predicted; 0 where no pixel was counted.

    A class that no mask has but is predicted counts as 0, as in torchmetrics and mmsegmentation.
    """
    found = class_iou(counts)
    return float(np.nanmean(found)) if np.isfinite(found).any() else 0.0


def masks_of(masks: Any, count: int | None = None) -> list[np.ndarray]:
    """Masks as integer planes. ValueError for other numbers, or another count than that of the pictures."""
    planes = planes_of(masks, count, "mask")
    for number, plane in enumerate(planes):
        if not (np.issubdtype(plane.dtype, np.integer) or plane.dtype == bool):
            raise ValueError(f"mask {number} holds {plane.dtype}; a mask holds whole numbers, a class a pixel")
    return [plane.astype(np.int64) if plane.dtype in (bool, np.uint64) else plane for plane in planes]


def void(plane: np.ndarray, ignore: Sequence[int] = VOID) -> np.ndarray:
    """Bool (y, x): pixels without a class."""
    return (plane < 0) | np.isin(plane, ignore)


def classes_in(planes: Sequence[np.ndarray], ignore: Sequence[int] = VOID) -> Int[np.ndarray, " k"]:
    """The classes that occur, in order."""
    found = np.unique(np.concatenate([np.unique(to_numpy(plane)).astype(np.int64) for plane in planes]))
    return found[~void(found, ignore)]


def class_shares(
    plane: Int[np.ndarray, "y x"], grid: Size, classes: Int[np.ndarray, " k"]
) -> Float[np.ndarray, "gy gx k"]:
    """The part of every patch's area that each class has; they sum to the part that has one of `classes`."""
    area = plane.shape[0] / grid[0] * plane.shape[1] / grid[1]
    parts = [summed(plane == number, grid) / area for number in classes]
    return np.stack(parts, axis=2) if parts else np.zeros((*grid, 0))


class Shares(Problem):
    """`Problem` with shares of classes (n, k) for targets, rows summing to at most 1, in place of one class a row."""

    def _loss(self, weights: Float[Tensor, "e k"]) -> tuple[float, Float[Tensor, "e k"]]:
        logs = F.log_softmax(logits(self.rows, weights), dim=1)
        loss = -float((self.targets * logs).sum(dtype=torch.float64))
        apart = logs.exp_().mul_(self.targets.sum(1, keepdim=True)).sub_(self.targets)
        return loss, torch.cat([self.rows.T @ apart, apart.sum(0, keepdim=True)]).double()
