"""Pictures as the page shows them: each once, small, as a data address, by number."""

import base64
import io

import numpy as np
from PIL import Image

from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import Encoded, Sample
from sightline.measure.pictures import Pictures

SIDE = 96
QUALITY = 80
"""of WebP: about 2 kB a photograph"""


class Album:
    """Pictures by number, in the order in which they came; equal pictures have one number."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.names: list[str] = []
        self._known: dict[str, int] = {}

    def add(self, sample: Sample) -> int:
        """The number of a sample's picture."""
        said = sample.captions[0].strip() if sample.captions else ""
        return self.picture(sample.image, f"{sample.key}: {said}" if said else sample.key)

    def picture(self, image: Encoded, name: str) -> int:
        """The number of a picture, fitted into a white square; the first name it came by stays."""
        digest = Pictures([image]).digest
        if digest not in self._known:
            self._known[digest] = len(self.addresses)
            self.addresses.append(webp(Preprocess(size=SIDE).canvas(image)))
            self.names.append(name)
        return self._known[digest]

    def drawn(self, pixels: np.ndarray, name: str) -> int:
        """The number of a small map (y, x, 3 or 4) uint8, kept without loss."""
        digest = "drawn " + Pictures([pixels]).digest
        if digest not in self._known:
            self._known[digest] = len(self.addresses)
            self.addresses.append(webp(pixels, lossless=True))
            self.names.append(name)
        return self._known[digest]


def webp(pixels: np.ndarray, *, lossless: bool = False) -> str:
    """A WebP inside the page itself, of uint8 (y, x, c)."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=QUALITY, lossless=lossless, method=4)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
