"""How far boxes overlap."""

import numpy as np


def box_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU (n,) of boxes (n, 4) x, y, width, height, pair by pair; they broadcast."""
    corner = np.maximum(a[..., :2], b[..., :2])
    end = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    common = np.clip(end - corner, 0, None).prod(axis=-1)
    either = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - common
    return np.divide(common, either, out=np.zeros(np.broadcast(common, either).shape), where=either > 0)
