"""From a heat map to a box: the tight box of what is hot, one piece."""

from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import ndimage

EQUAL = 1e-6
"""scores no further apart than this are the same"""


def tight_boxes(planes: Float[np.ndarray, "t y x"]) -> Float[np.ndarray, "t 4"]:
    """x, y, width, height, in cells, of the largest connected part of each plane above its mean + one deviation."""
    boxes = np.zeros((len(planes), 4))
    for number, plane in enumerate(planes):
        hot: Any = np.zeros(plane.shape, np.int32)
        ndimage.label(plane >= min(plane.mean() + plane.std(), plane.max()) - EQUAL, output=hot)
        largest = np.bincount(hot.ravel())[1:].argmax() + 1
        y, x = np.nonzero(hot == largest)
        boxes[number] = x.min(), y.min(), x.max() + 1 - x.min(), y.max() + 1 - y.min()
    return boxes
