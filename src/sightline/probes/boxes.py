"""What boxes drawn without looking score: the chance of every question of where."""

import numpy as np

from sightline.data.boxes import box_iou
from sightline.data.draw import seed_of

CONSTANTS = 4096
"""boxes among which the best constant one is looked for"""


def constant_iou(truth: np.ndarray, side: int) -> tuple[float, float]:
    """The mean IoU of the one box that fits `truth` (t, 4) best, and the best share above 0.5: what boxes drawn
    without looking score. The mean box, the whole square and `CONSTANTS` drawn ones are tried."""
    rng = np.random.default_rng(seed_of("constant boxes", side))
    corner = rng.random((CONSTANTS, 2)) * side
    drawn = np.concatenate([corner, rng.random((CONSTANTS, 2)) * (side - corner)], axis=1)
    tried = np.concatenate([truth.mean(axis=0)[None], [[0, 0, side, side]], drawn])
    ious = np.stack([box_iou(tried, box) for box in truth], axis=1)
    return float(ious.mean(axis=1).max()), float((ious >= 0.5).mean(axis=1).max())
