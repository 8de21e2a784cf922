"""No encoder at all: an index of names, captions and folders, which words find and pictures do not.

It stands where an encoder would, with vectors of no numbers, so that filling, moving, searching and serving are the
same code; what needs a vector is refused by name.
"""

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

NONE = "none"
"""what such an index says its encoder is, and what a person gives as one"""


class Blind:
    """In the place of an encoder. `encode_image` gives (n, 0) for pictures that are indexed."""

    name = identity = NONE
    dim, logit_scale, logit_bias = 0, 0.0, None
    reads_text = sees = False

    def preprocess(self, picture: Any) -> np.ndarray:
        """Nothing of it: float32 (0,)."""
        return np.zeros(0, np.float32)

    def encode_image(self, images: Any, normalize: bool = False) -> np.ndarray:
        """float32 (n, 0)."""
        return np.zeros((len(images), 0), np.float32)

    def encode_text(self, texts: Any, normalize: bool = False) -> NoReturn:
        """Refused."""
        raise ValueError(needs_encoder("words compared by meaning"))

    def tokenize(self, texts: Sequence[str]) -> NoReturn:
        """Refused."""
        raise ValueError(needs_encoder("tokens"))

    def features(self, images: Any) -> NoReturn:
        """Refused."""
        raise ValueError(needs_encoder("features"))


def needs_encoder(what: str, db: object = "DB") -> str:
    """Why an index without an encoder cannot give `what`, and how it gets one."""
    return (
        f"{what}: this needs an encoder, and the index was made of names alone (--encoder none). Give it one, and "
        f"all of it gets vectors: sightline index {db} SRC --encoder ENCODER"
    )
