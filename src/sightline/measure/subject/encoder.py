"""An encoder as it is measured: what was embedded once is not embedded again."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sightline.data.array import to_numpy
from sightline.measure.pictures import Pictures, Texts
from sightline.measure.subject.store import Store
from sightline.measure.subject.subject import Lacks

BATCH = 256
"""pictures between two calls of `tell`"""


class EncoderSubject:
    """What `sightline.load` gives, in torch or by onnxruntime, with a store of its features.

    `tell(k)` is called after every k pictures embedded.
    """

    def __init__(
        self,
        encoder: Any,
        store: Store,
        *,
        name: str = "",
        kind: str = "encoder",
        identity: str = "",
        tell: Callable[[int], None] = lambda count: None,
    ) -> None:
        self.encoder, self.store, self.kind, self.tell = encoder, store, kind, tell
        self.name = name or encoder.name
        self.identity = identity or encoder.identity
        self.reads_text: bool = encoder.reads_text

    def vectors(self, pictures: Pictures) -> np.ndarray:
        return self._of(pictures, "vectors", lambda items: to_numpy(self.encoder.encode_image(items)))

    def tokens(self, pictures: Pictures) -> np.ndarray:
        return self._of(pictures, "tokens", self._tokens)

    def patches(self, pictures: Pictures) -> np.ndarray:
        if not self.reads_text:
            raise Lacks("no text tower, so no patches in a space of words")
        return self._of(pictures, "patches", self._patches)

    def texts(self, texts: Texts) -> np.ndarray:
        if not self.reads_text:
            raise Lacks("no text tower")
        make = lambda: to_numpy(self.encoder.encode_text(list(texts.items)))  # noqa: E731
        return self.store.get(self.identity, "texts", texts.digest, len(texts), make)

    @property
    def writes_boxes(self) -> bool:
        """Whether it has a decoder that writes the box of words."""
        return "locates" in self.encoder.capabilities

    def boxes(self, pictures: Pictures, numbers: Sequence[int], words: Sequence[str]) -> np.ndarray:
        """(n, 4) x, y, width, height in shares of the sides: where in the picture of that number the words are; zeros
        where it writes no box."""

        def make() -> np.ndarray:
            found = self.encoder.locate([pictures.items[number] for number in numbers], list(words))
            return np.array([place.box or (0.0, 0.0, 0.0, 0.0) for place in found], np.float32).reshape(-1, 4)

        asked = hashlib.blake2b(repr((list(numbers), list(words))).encode(), digest_size=16).hexdigest()
        return self.store.get(self.identity, f"boxes {asked}", pictures.digest, len(words), make)

    def logits(self, cosines: np.ndarray) -> np.ndarray:
        bias = self.encoder.logit_bias
        return np.exp(float(self.encoder.logit_scale)) * cosines + (0.0 if bias is None else float(bias))

    @property
    def probabilities(self) -> str:
        return self.encoder.similarity

    @property
    def window(self) -> tuple[float, float, float, float]:
        rule = self.encoder.rule
        short = getattr(rule, "short", 0)
        share = rule.size / short if short else 1.0
        return (1 - share) / 2, (1 - share) / 2, share, share

    def _of(self, pictures: Pictures, kind: str, make: Callable[[list[Any]], np.ndarray]) -> np.ndarray:
        def whole() -> np.ndarray:
            parts = []
            for first in range(0, len(pictures), BATCH):
                some = list(pictures.items[first : first + BATCH])
                made = make(some).astype(np.float32, copy=False)
                if lost := int((~np.isfinite(made.reshape(len(made), -1)).all(axis=1)).sum()):
                    raise Lacks(f"its {kind} of {lost} of {len(made)} pictures are no finite numbers")
                parts.append(made)
                self.tell(len(some))
            return np.concatenate(parts)

        return self.store.get(self.identity, kind, pictures.digest, len(pictures), whole)

    def _tokens(self, items: list[Any]) -> np.ndarray:
        try:
            found = self.encoder.features(items)
        except ValueError as error:
            raise Lacks(f"no tokens: {error}") from error
        if not isinstance(found.grid, tuple):
            raise Lacks("its tokens have a grid of another shape for every picture")
        return to_numpy(found.tokens).reshape(len(items), *found.grid, -1)

    def _patches(self, items: list[Any]) -> np.ndarray:
        try:
            found = to_numpy(self.encoder.encode_patches(items))
        except (ValueError, AttributeError) as error:
            raise Lacks(f"no patch vectors in the joint space: {error}") from error
        grid = self._grid(items[:1], found.shape[1])
        return found.reshape(len(items), *grid, -1)

    def _grid(self, items: list[Any], count: int) -> tuple[int, int]:
        grid = self.encoder.features(items).grid
        if not isinstance(grid, tuple) or grid[0] * grid[1] != count:
            raise Lacks("its patches lie on no grid")
        return grid
