"""Which part of a picture its evaluation view shows: by it places in the view become places in the picture."""

from math import floor

import numpy as np
from PIL import Image

from sightline.data.prepare.naflex_rule import Rule
from sightline.data.prepare.preprocess import Preprocess

Part = tuple[float, float, float, float]
"""x, y, width, height in shares of the picture's sides"""


def seen_part(rule: Rule, shape: tuple[int, int]) -> Part:
    """Where the view of a picture of `shape` (height, width) lies on it. Padding lies outside: x may be below 0 and the
    width above 1."""
    if not isinstance(rule, Preprocess) or rule.resize == "squash":
        return 0.0, 0.0, 1.0, 1.0
    height, width = shape
    if rule.resize == "pad":
        scale = rule.size / max(shape)
        across, down = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = -((rule.size - across) // 2), -((rule.size - down) // 2)
    else:
        wanted, short = rule.short or rule.size, min(shape)
        across, down = int(wanted * width / short), int(wanted * height / short)
        half = round if rule.halves == "even" else floor
        left, top = half((across - rule.size) / 2), half((down - rule.size) / 2)
    return left / across, top / down, rule.size / across, rule.size / down


def onto_picture(boxes: np.ndarray, part: Part) -> np.ndarray:
    """Boxes (n, 4) x, y, width, height in shares of a view, in shares of the picture of which it shows `part`; what
    lies beside the picture is cut off."""
    x, y, w, h = part
    low = np.clip(np.array([x, y]) + boxes[:, :2] * [w, h], 0, 1)
    high = np.clip(np.array([x, y]) + (boxes[:, :2] + boxes[:, 2:]) * [w, h], 0, 1)
    return np.concatenate([low, high - low], 1)


def onto_view(boxes: np.ndarray, part: Part) -> np.ndarray:
    """The way back, nothing cut off."""
    x, y, w, h = part
    return np.concatenate([(boxes[:, :2] - [x, y]) / [w, h], boxes[:, 2:] / [w, h]], 1)


def laid_over(heat: np.ndarray, part: Part, width: int, height: int) -> np.ndarray:
    """A map of the view, float32 (height, width), at the pixels of the picture of which the view shows `part`; what it
    does not show has the map's least value."""
    (gy, gx), (x, y, w, h) = heat.shape, part
    step = (gx / (width * w), 0.0, -x / w * gx, 0.0, gy / (height * h), -y / h * gy)
    least = float(heat.min())
    found = Image.fromarray(heat.astype(np.float32) - least).transform(
        (width, height), Image.Transform.AFFINE, step, Image.Resampling.BILINEAR
    )
    return np.asarray(found, np.float32) + least


def inside(part: Part, grid: tuple[int, ...]) -> np.ndarray:
    """Bool (gy, gx): which cells of the view have their middle on the picture."""
    x, y, w, h = part
    across = x + (np.arange(grid[1]) + 0.5) / grid[1] * w
    down = y + (np.arange(grid[0]) + 0.5) / grid[0] * h
    return np.logical_and.outer((down >= 0) & (down <= 1), (across >= 0) & (across <= 1))
