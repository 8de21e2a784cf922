"""Words and their character n-grams, hashed: fastText's subwords as tokens for a bag-of-tokens tower.

Bojanowski, Grave, Joulin, Mikolov 2017, "Enriching word vectors with subword information",
https://arxiv.org/abs/1607.04606, section 3.2: a word is itself and its n-grams between boundary marks. A word never
seen shares n-grams with words that were ("batteries" with "battery"), which is what a small set of captions needs.
Departure: words and n-grams share one table of buckets (fastText keeps seen words in a table of their own).
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

WORD = re.compile(r"\w+|[^\w\s]")
PAD, EOT = 0, 1
SPECIAL = 2


class NGrams:
    """Texts to ids in [0, buckets): padding 0, the end token 1 first, then each word's buckets; order means nothing."""

    kind = "ngrams"

    def __init__(self, *, buckets: int = 8192, length: int = 256, sizes: Sequence[int] = (3, 4, 5)) -> None:
        if buckets <= SPECIAL or length < 2 or not sizes or min(sizes) < 1:
            raise ValueError(
                f"n-grams need more than {SPECIAL} buckets, a length of at least 2 and sizes of at least 1; got "
                f"{buckets}, {length}, {tuple(sizes)}"
            )
        self.vocab, self.length, self.sizes = buckets, length, tuple(sizes)
        self.pad, self.eot = PAD, EOT
        self._ids = lru_cache(maxsize=1 << 16)(self._spell)

    def __call__(self, texts: str | Sequence[str]) -> np.ndarray:
        """int64 (b, length). One text gives one row; what is longer is cut, no text is empty (it has its end token)."""
        texts = [texts] if isinstance(texts, str) else texts
        rows = np.full((len(texts), self.length), PAD, np.int64)
        for row, text in zip(rows, texts, strict=True):
            ids = [EOT]
            for word in WORD.findall(unicodedata.normalize("NFKC", text).lower()):
                ids += self._ids(word)
                if len(ids) >= self.length:
                    break
            ids = ids[: self.length]
            row[: len(ids)] = ids
        return rows

    def save(self, path: str | Path) -> None:
        """Writes the JSON, atomically."""
        text = json.dumps(
            {"kind": self.kind, "buckets": self.vocab, "length": self.length, "sizes": list(self.sizes)}, indent=2
        )
        Path(path).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def from_json(cls, data: dict) -> "NGrams":
        """The inverse of `save`."""
        return cls(buckets=data["buckets"], length=data["length"], sizes=data["sizes"])

    def __reduce__(self) -> tuple:
        return _make, (self.vocab, self.length, self.sizes)

    def _spell(self, word: str) -> tuple[int, ...]:
        marked = f"<{word}>"
        pieces = {marked[i : i + n] for n in self.sizes for i in range(len(marked) - n + 1)} - {marked}
        return tuple(self._bucket(piece) for piece in (f"={word}", *sorted(pieces)))

    def _bucket(self, piece: str) -> int:
        digest = hashlib.blake2b(piece.encode("utf-8", "replace"), digest_size=8).digest()
        return SPECIAL + int.from_bytes(digest, "little") % (self.vocab - SPECIAL)


def _make(buckets: int, length: int, sizes: tuple[int, ...]) -> NGrams:
    return NGrams(buckets=buckets, length=length, sizes=sizes)
