"""A drawing parted into what is drawn and the ground below it, so that either can be changed without the other."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Layers:
    """Colours are 0..255 float32, not multiplied by the cover."""

    ground: np.ndarray
    """(y, x, 3)"""
    ink: np.ndarray
    """(y, x, 3), what is drawn; of no account where it covers nothing"""
    cover: np.ndarray
    """(y, x) in [0, 1]: how far the ink hides the ground"""

    def picture(self) -> np.ndarray:
        """uint8 (y, x, 3): the ink over the ground."""
        cover = self.cover[:, :, None]
        return np.rint(np.clip(cover * self.ink + (1 - cover) * self.ground, 0, 255)).astype(np.uint8)

    def on(self, ground: np.ndarray) -> "Layers":
        """The same drawing on another ground (3,) or (y, x, 3)."""
        return replace(self, ground=np.broadcast_to(ground, self.ground.shape).astype(np.float32))

    def inked(self, ink: np.ndarray) -> "Layers":
        """Other ink (y, x, 3) in the same places."""
        return replace(self, ink=ink.astype(np.float32))


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Euclidean distance of two uint8 pictures of one size."""
    return float(np.linalg.norm(one.astype(np.float64) - other))
