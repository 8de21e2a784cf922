"""How far boxes overlap, and what boxes drawn without looking score: two things of every question of where."""

import numpy as np

from sightline.data.draw import seed_of

CONSTANTS = 4096
"""boxes among which the best constant one is looked for"""


def box_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU (n,) of boxes (n, 4) x, y, width, height, pair by pair; they broadcast."""
    corner = np.maximum(a[..., :2], b[..., :2])
    end = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    common = np.clip(end - corner, 0, None).prod(axis=-1)
    either = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - common
    return np.divide(common, either, out=np.zeros(np.broadcast(common, either).shape), where=either > 0)


def constant_iou(truth: np.ndarray, side: int) -> tuple[float, float]:
    """The mean IoU of the one box that fits `truth` (t, 4) best, and the best share above 0.5: what boxes drawn
    without looking score. The mean box, the whole square and `CONSTANTS` drawn ones are tried."""
    rng = np.random.default_rng(seed_of("constant boxes", side))
    corner = rng.random((CONSTANTS, 2)) * side
    drawn = np.concatenate([corner, rng.random((CONSTANTS, 2)) * (side - corner)], axis=1)
    tried = np.concatenate([truth.mean(axis=0)[None], [[0, 0, side, side]], drawn])
    ious = np.stack([box_iou(tried, box) for box in truth], axis=1)
    return float(ious.mean(axis=1).max()), float((ious >= 0.5).mean(axis=1).max())
