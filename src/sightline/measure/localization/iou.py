"""Mean IoU of a set from the confusions of its pictures, where classes that tie share a pixel.

    IoU_c = TP_c / (TP_c + FP_c + FN_c) over all pixels of the set;  mIoU = mean over classes there or predicted

`probes.segmentation` has the same for predictions that were decided. Here scores are given, and k classes of equal
score have 1/k of the pixel each: an encoder that cannot tell two words apart gains nothing by their order.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int, Num
from torch import Tensor
from torch.nn import functional as F

from sightline.measure.places import View
from sightline.measure.suite.shelf import IGNORED
from sightline.probes.grid import enlarged
from sightline.weights.regions.heat import EQUAL

AT_ONCE = 2**26
"""scores of pixels held together"""


def class_ious(counts: Num[np.ndarray, "r k k"]) -> Float[np.ndarray, "r k"]:
    """IoU of each class in each of r summed confusions, true class in rows; NaN for one neither there nor predicted."""
    both = np.diagonal(counts, axis1=1, axis2=2)
    either = counts.sum(axis=1) + counts.sum(axis=2) - both
    return np.divide(both, either, out=np.full(both.shape, np.nan), where=either > 0)


def mean_ious(counts: Num[np.ndarray, "r k k"]) -> Float[np.ndarray, " r"]:
    """mIoU of each of r summed confusions; NaN where nothing was counted."""
    ious = class_ious(counts)
    there = np.isfinite(ious)
    total = np.where(there, ious, 0).sum(axis=1)
    return np.divide(total, there.sum(axis=1), out=np.full(len(counts), np.nan), where=there.any(axis=1))


def shared_confusion(truth: Sequence[Int[np.ndarray, "s s"]], maps: np.ndarray, view: View) -> np.ndarray:
    """(n, k, k) float64: pixels by true class and by the class of the greatest score of `maps` (n, gy, gx, k), which
    are enlarged bilinearly. Truth is `IGNORED` or negative where it is not judged."""
    n, k = len(maps), maps.shape[-1]
    counts = np.zeros((n, k, k))
    step = max(1, AT_ONCE // (k * view.side**2))
    for first in range(0, n, step):
        scores = pixels(maps[first : first + step], view)
        greatest, best = scores.max(dim=1)
        several = (scores >= greatest[:, None] - EQUAL).sum(dim=1)
        for at in range(len(scores)):
            plane = truth[first + at]
            keep = (plane != IGNORED) & (plane >= 0)
            counts[first + at] = _counted(
                plane[keep].astype(np.int64),
                best[at].numpy()[keep],
                several[at].numpy()[keep],
                scores[at].numpy(),
                keep,
            )
    return counts


def pixels(maps: Float[np.ndarray, "n gy gx k"], view: View) -> Float[Tensor, "n k s s"]:
    """Maps of tokens at every pixel of the square."""
    planes = enlarged(torch.from_numpy(np.ascontiguousarray(maps.transpose(0, 3, 1, 2), np.float32)), view.size)
    around = (view.left, view.side - view.right, view.top, view.side - view.bottom)
    return F.pad(planes, around, mode="replicate") if any(around) else planes


def best_prior(truth: Sequence[np.ndarray], learnt: Sequence[np.ndarray], k: int) -> float:
    """The mIoU of the map that has at every pixel the class most frequent there in the planes `learnt`: what knowing
    only where things usually are scores."""
    votes = np.stack([sum((plane == one).astype(np.int64) for plane in learnt) for one in range(k)])
    usual = votes.argmax(axis=0)
    counts = np.zeros((k, k))
    for plane in truth:
        keep = (plane != IGNORED) & (plane >= 0)
        counts += np.bincount(plane[keep].astype(np.int64) * k + usual[keep], minlength=k * k).reshape(k, k)
    return float(np.nan_to_num(mean_ious(counts[None])[0]))


def best_constant(truth: Sequence[np.ndarray], k: int) -> float:
    """The mIoU of the best map of one class: what knowing nothing of a picture can score."""
    totals = np.zeros(k)
    for plane in truth:
        totals += np.bincount(plane[(plane != IGNORED) & (plane >= 0)].astype(np.int64), minlength=k)[:k]
    there = totals > 0
    return float(totals.max() / totals.sum() / max(1, there.sum())) if there.any() else 0.0


def _counted(
    true: np.ndarray, best: np.ndarray, several: np.ndarray, scores: np.ndarray, keep: np.ndarray
) -> np.ndarray:
    k = len(scores)
    counts = np.bincount(true * k + best, weights=several == 1, minlength=k * k).reshape(k, k)
    if (several > 1).any():
        some = scores[:, keep]
        ties = some >= some.max(axis=0) - EQUAL
        for one in np.unique(true[several > 1]):
            at = (several > 1) & (true == one)
            counts[one] += (ties[:, at] / several[at]).sum(axis=1)
    return counts
