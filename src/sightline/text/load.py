"""The kinds of tokenizers a run can have: typed specs for recipes, and the one way to read a saved one back."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sightline.text.ngram import NGrams
from sightline.text.published import PublishedTokenizer
from sightline.text.tokenizer import Tokenizer

AnyTokenizer = Tokenizer | NGrams | PublishedTokenizer


@dataclass(frozen=True, kw_only=True)
class BPE:
    """A byte-level BPE trained on the run's captions; order is kept."""

    vocab: int = 4096
    """at most"""
    length: int = 32
    """tokens of a caption, the end token included"""

    def train(self, captions: Iterable[str]) -> AnyTokenizer:
        """A tokenizer of these captions."""
        return Tokenizer.train(captions, vocab=self.vocab, length=self.length)


@dataclass(frozen=True, kw_only=True)
class BoxBPE(BPE):
    """A BPE that knows boxes besides: an id for each of `bins` places of an edge, what LocCa's decoder writes."""

    bins: int = 64

    def train(self, captions: Iterable[str]) -> AnyTokenizer:
        """A tokenizer of these captions."""
        return Tokenizer.train(captions, vocab=self.vocab, length=self.length, bins=self.bins)


@dataclass(frozen=True, kw_only=True)
class Subwords:
    """Hashed words and character n-grams, for a bag of tokens; nothing is trained."""

    buckets: int = 8192
    length: int = 256
    sizes: tuple[int, ...] = (3, 4, 5)

    def train(self, captions: Iterable[str]) -> AnyTokenizer:
        """The tokenizer; the captions are not looked at."""
        return NGrams(buckets=self.buckets, length=self.length, sizes=self.sizes)


TokenizerSpec = BPE | BoxBPE | Subwords


def load_tokenizer(path: str | Path) -> AnyTokenizer:
    """The tokenizer saved at `path`.

    ValueError naming the file where it is cut or of an unknown kind; OSError where it cannot be read.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        if data.get("kind") == NGrams.kind:
            return NGrams.from_json(data)
        if data.get("kind") == PublishedTokenizer.kind:
            return PublishedTokenizer.from_json(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no tokenizer: {error}") from error
    return Tokenizer.load(path)
