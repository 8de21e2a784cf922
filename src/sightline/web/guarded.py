"""The encoder of a server: one thread at a time uses it, and a picture that was made ready for it knows it."""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from sightline.search.query import Embedder


class Guarded:
    """An encoder that one thread at a time may use; pictures are made ready for it outside, by `preprocess`.

    Whoever calls the encoder itself (`own`) does so inside `turn`.
    """

    def __init__(self, encoder: Embedder) -> None:
        self.own, self.turn = encoder, threading.Lock()
        self.name, self.dim, self.identity = encoder.name, encoder.dim, encoder.identity
        self.logit_scale, self.logit_bias = encoder.logit_scale, encoder.logit_bias
        self.preprocess, self.tokenize = encoder.preprocess, encoder.tokenize
        self.reads_text = bool(getattr(encoder, "reads_text", True))
        self.reader = getattr(encoder, "reader", None)

    def encode_image(self, images: Any, normalize: bool = False) -> Any:
        """`images` is a list of one that `preprocess` gave, or of a picture as it is."""
        (one,) = images
        if isinstance(one, bytes) or (isinstance(one, np.ndarray) and one.dtype == np.uint8):
            one = self.preprocess(one)
            images = [one]
        # every encoder takes a batch; a picture cut into patches (NaFlex) is several arrays, which its encoder stacks
        images = images if isinstance(one, tuple) else one[None]
        with self.turn:
            return self.own.encode_image(images, normalize=normalize)

    def encode_text(self, texts: Any, normalize: bool = False) -> Any:
        """As the encoder's own, one thread at a time."""
        with self.turn:
            return self.own.encode_text(texts, normalize=normalize)

    def features(self, images: Any) -> Any:
        """As the encoder's own, one thread at a time."""
        with self.turn:
            return self.own.features(images)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture that somebody sent, or a region of it, as `encoder` wants it."""

    picture: Any
    encoder: Guarded
    pixels: Any
