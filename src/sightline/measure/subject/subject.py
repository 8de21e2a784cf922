"""Whoever is measured: an encoder, raw pixels, a random tower, or a control with known answers."""

from typing import Protocol, runtime_checkable

import numpy as np

from sightline.measure.pictures import Pictures, Texts


class Lacks(ValueError):
    """What an encoder has not: told as n/a, with this reason."""


@runtime_checkable
class Subject(Protocol):
    """What can be asked. Each answer is float32, in the order of what was asked, as the encoder makes it: not
    normalised. `Lacks` where it has no such thing."""

    name: str
    kind: str
    """encoder, pixels, random or control"""
    reads_text: bool

    def vectors(self, pictures: Pictures) -> np.ndarray:
        """(n, d): what `encode_image` gives."""
        ...

    def tokens(self, pictures: Pictures) -> np.ndarray:
        """(n, gy, gx, d): the patches, after the tower's last norm."""
        ...

    def patches(self, pictures: Pictures) -> np.ndarray:
        """(n, gy, gx, e): the patches in the joint space, through the encoder's own head."""
        ...

    def texts(self, texts: Texts) -> np.ndarray:
        """(t, e)."""
        ...

    def logits(self, cosines: np.ndarray) -> np.ndarray:
        """Cosines as the encoder's own loss scales them: exp(scale) cos + bias."""
        ...

    @property
    def probabilities(self) -> str:
        """What makes probabilities of its logits: softmax or sigmoid."""
        ...

    @property
    def window(self) -> tuple[float, float, float, float]:
        """top, left, height, width: the part of a square picture that `tokens` cover, as shares of its side."""
        ...
