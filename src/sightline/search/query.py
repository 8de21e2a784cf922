"""From what a person typed or dropped to one vector."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from sightline.data.array import to_numpy, unit
from sightline.protocols import Encoder
from sightline.search.blind import needs_encoder
from sightline.search.words import telling

FIRST = 8
"""words of a text whose tokens are counted: more would be cut"""


@runtime_checkable
class Embedder(Encoder, Protocol):
    """What indexing and searching need of an encoder."""

    dim: int
    """length of its vectors"""
    identity: str
    """names weights and rules together: vectors compare only where it is equal"""


@dataclass(frozen=True, slots=True)
class Readers:
    """What reads a typed query: `looks` to compare it with pictures, `reads` with words; None where nothing does."""

    looks: Embedder | None
    reads: Embedder | None

    @property
    def same(self) -> bool:
        """Whether one vector serves both."""
        return self.looks is not None and self.reads is not None and self.looks.identity == self.reads.identity


def text_vector(encoder: Embedder, query: str) -> np.ndarray:
    """Unit vector (e,) of a query of any length; what the encoder cannot hold is cut by its tokenizer.

    Raises ValueError for a query without a visible character.
    """
    return unit(encoder.encode_text([single_line(query)]))[0]


def pieces(encoder: Embedder, texts: Sequence[str]) -> list[float | None]:
    """How many tokens a word of each text is for the encoder: 1 where it knows them all, more where it must spell.

    None for a text without words, and where the encoder does not show its tokens.
    """
    tokenize, counted = getattr(encoder, "tokenize", None), [telling(text)[:FIRST] for text in texts]
    if tokenize is None:
        return [None] * len(texts)
    # a text of one letter shows how much is no word: marks of begin and end, and what fills up
    rows = np.asarray(to_numpy(tokenize(["a", *(" ".join(words) or "a" for words in counted)])))
    sizes = (rows != rows[0, -1]).sum(axis=1)
    tokens = sizes[1:] - sizes[0] + 1
    return [int(n) / len(words) if words else None for n, words in zip(tokens, counted, strict=True)]


def single_line(query: str) -> str:
    """A query on one line, as it can be tokenized. Raises ValueError where it has no visible character."""
    # a shell may hand over bytes that are no UTF-8 as lone surrogates, which tokenizers refuse
    words = " ".join(query.encode("utf-8", "replace").decode("utf-8").split())
    if not any(character.isprintable() and not character.isspace() for character in words):
        raise ValueError('the query is empty; type what the picture shows, such as "credit card"')
    return words


def reads_text(encoder: Embedder) -> bool:
    """False for an encoder of pictures only: then words find by what is written, not by what is seen."""
    return bool(getattr(encoder, "reads_text", True))


def image_vector(encoder: Embedder, picture: Any) -> np.ndarray:
    """Unit vector (e,) of a path, bytes, PIL image or uint8 array. ValueError where no encoder was given."""
    if encoder.dim == 0:
        raise ValueError(needs_encoder("searching by a picture"))
    return unit(encoder.encode_image([picture]))[0]
