"""SIFT (Lowe 2004, https://doi.org/10.1023/B:VISI.0000029664.99615.94) by OpenCV, in the place of an encoder."""

import numpy as np
from PIL import Image

from sightline.search.match.described import Described, described
from sightline.search.match.extra import opencv


class Sift:
    """The `count` strongest keypoints of each picture."""

    name, notes = "sift", ()

    def __init__(self, count: int) -> None:
        """ValueError where OpenCV is not installed."""
        # without precise upscaling everything lies a quarter of a pixel too far right and down
        self.found = opencv().SIFT_create(nfeatures=count, enable_precise_upscale=True)

    def __call__(self, picture: Image.Image) -> Described:
        keypoints, vectors = self.found.detectAndCompute(np.asarray(picture.convert("L")), None)
        # OpenCV counts from the middle of the first pixel
        points = np.array([point.pt for point in keypoints], np.float32).reshape(-1, 2) + 0.5
        return described(points, np.zeros((0, 128), np.float32) if vectors is None else vectors, picture.size, 0.0)

    def whole(self, picture: Image.Image) -> np.ndarray | None:
        return None
