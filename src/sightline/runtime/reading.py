"""What a text tower has read, before it is brought beside pictures: the better vectors to compare words with words.

The last maps of a joint space forget of a text what no picture shows. The vector in front of them stays near the one
that a sentence encoder gives: of the synonyms of docs/benchmarks.md ("Words against words") it finds as many as the
sentence encoder that `builtin:icons` learnt to read from.
"""

from typing import Any

import numpy as np

from sightline.runtime.encoder import OnnxEncoder
from sightline.runtime.graph import Graph
from sightline.text.load import AnyTokenizer


class TwoReadings:
    """A text tower whose graph gives two vectors of a text: token ids (b, n) -> those in the joint space (b, e).

    A query asks for both, one after the other: those of the last batch are kept, so that its tower runs once.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._last: tuple[np.ndarray, list[np.ndarray]] | None = None

    def __call__(self, ids: np.ndarray) -> np.ndarray:
        return self._both(ids)[0]

    def before(self, ids: np.ndarray) -> np.ndarray:
        """The vectors (b, d) in front of the last maps."""
        return self._both(ids)[1]

    def _both(self, ids: np.ndarray) -> list[np.ndarray]:
        last = self._last  # as one value, since several threads may ask
        if last is None or not np.array_equal(last[0], ids):
            last = self._last = (ids.copy(), self.graph.outputs(ids))
        return last[1]


def reader(encoder: OnnxEncoder, tower: TwoReadings, dim: int) -> OnnxEncoder:
    """An encoder of texts alone by the second vector (b, `dim`) of the text tower of another."""
    return OnnxEncoder(
        None,
        tower.before,
        preprocess=None,
        tokenizer=lambda: tokenizer_of(encoder),
        crop=encoder.crop,
        dim=dim,
        name=encoder.name,
        identity=f"{encoder.identity}-read",
    )


def tokenizer_of(encoder: OnnxEncoder) -> AnyTokenizer:
    """Read once, for both."""
    assert encoder.tokenizer is not None, "what has a text tower that reads has a tokenizer"
    return encoder.tokenizer


def readable(part: Any) -> int | None:
    """How many numbers the second vector has, as the text's part of `onnx.json` says; None where there is none."""
    found = part.get("reading") if isinstance(part, dict) else None
    return found if isinstance(found, int) and found > 0 else None
