"""Raw pixels as an encoder: what every picture tells of itself without any learning. The floor beside every score."""

import numpy as np

from sightline.data.prepare.preprocess import Preprocess, opened
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.subject.subject import Lacks

SIDE = 32
GRID = 8


class PixelSubject:
    """A picture of `SIDE` pixels a side as a vector, and `GRID` x `GRID` patches of it as tokens."""

    name, kind, reads_text = "pixels", "pixels", False
    window = (0.0, 0.0, 1.0, 1.0)
    probabilities = "softmax"
    rule = Preprocess(size=SIDE)

    def __init__(self) -> None:
        self._held: dict[str, np.ndarray] = {}

    def vectors(self, pictures: Pictures) -> np.ndarray:
        return self._pixels(pictures).reshape(len(pictures), -1)

    def tokens(self, pictures: Pictures) -> np.ndarray:
        side = SIDE // GRID
        cut = self._pixels(pictures).reshape(-1, GRID, side, GRID, side, 3)
        return cut.transpose(0, 1, 3, 2, 4, 5).reshape(-1, GRID, GRID, side * side * 3)

    def patches(self, pictures: Pictures) -> np.ndarray:
        raise Lacks("no text tower, so no patches in a space of words")

    def texts(self, texts: Texts) -> np.ndarray:
        raise Lacks("no text tower")

    def logits(self, cosines: np.ndarray) -> np.ndarray:
        return cosines

    def forget(self) -> None:
        self._held.clear()

    def _pixels(self, pictures: Pictures) -> np.ndarray:
        """float32 (n, y, x, 3) in [-0.5, 0.5]: around grey, so that cosines are of contrast."""
        if pictures.digest not in self._held:
            made = [self.rule.pixels(opened(item, SIDE)) for item in pictures.items]
            self._held[pictures.digest] = np.stack(made).astype(np.float32) / 255 - 0.5
        return self._held[pictures.digest]
