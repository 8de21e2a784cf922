"""What an encoder is asked about: pictures and texts in an order, known by a hash of their content.

A task may say what perfect features of them would be (`ideal`): the oracle answers with those, so that every score is
shown to reach its bound by the code that measures encoders.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from sightline.data.regular import read_regular
from sightline.data.sample import Encoded


@dataclass(frozen=True, eq=False)
class Ideal:
    """Perfect features of pictures, from the truth: what a metric's bound is reached with. None: nothing is said."""

    vectors: np.ndarray | None = None
    """(n, d)"""
    tokens: np.ndarray | None = None
    """(n, gy, gx, d)"""
    patches: np.ndarray | None = None
    """(n, gy, gx, e), comparable with the ideal vectors of texts"""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures in an order: files, bytes, or uint8 arrays (y, x, 3 or 4)."""

    items: Sequence[Encoded]
    ideal: Ideal = field(default_factory=Ideal)
    captions: Sequence[str] | None = None
    """what a model that knows nothing but the words of the caption would see"""

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def digest(self) -> str:
        """Of the content, in order; equal content has equal features, whatever it is asked for."""
        return hashlib.blake2b(b"".join(self._digests), digest_size=16).hexdigest()

    @cached_property
    def different(self) -> int:
        """How many different pictures there are."""
        return len({*self._digests})

    @cached_property
    def _digests(self) -> list[bytes]:
        return [digest_of(item) for item in self.items]

    def told(self, *, captions: Sequence[str] | None = None, **ideal: np.ndarray) -> "Pictures":
        """The same pictures with other ideal features: `told(vectors=...)`. They share their digest, so an encoder
        embeds them once."""
        made = replace(self, ideal=Ideal(**ideal), captions=captions or self.captions)
        made.__dict__["digest"] = self.digest
        return made


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts in an order; `ideal` (t, e) are their perfect vectors, comparable with those of the pictures."""

    items: Sequence[str]
    ideal: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def digest(self) -> str:
        whole = hashlib.blake2b(digest_size=16)
        for text in self.items:
            whole.update(hashlib.blake2b(text.encode(), digest_size=16).digest())
        return whole.hexdigest()


def digest_of(item: Encoded) -> bytes:
    """Of one picture as it is stored."""
    made = hashlib.blake2b(digest_size=16)
    if isinstance(item, np.ndarray):
        made.update(repr((item.shape, item.dtype.str)).encode())
        made.update(np.ascontiguousarray(item).data)
    else:
        made.update(read_regular(item) if isinstance(item, Path) else item)
    return made.digest()
