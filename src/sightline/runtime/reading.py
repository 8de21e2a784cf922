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

OUTPUT = 1
"""of the graph of the text tower; the first is the vector in the joint space"""


def reader(encoder: OnnxEncoder, graph: Graph, dim: int) -> OnnxEncoder:
    """An encoder of texts alone over the second output (b, `dim`) of the text tower of another."""

    def read(batch: np.ndarray) -> np.ndarray:
        return graph.run((batch,), OUTPUT)

    return OnnxEncoder(
        None,
        read,
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
    """How many numbers the second output has, as the text's part of `onnx.json` says; None where there is none."""
    found = part.get("reading") if isinstance(part, dict) else None
    return found if isinstance(found, int) and found > 0 else None
