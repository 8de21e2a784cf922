"""What words of no language find in an index (relevance.py), kept beside it as `DB-background`.

Made at the end of indexing. A search makes it where that costs little: few pictures and lines, and probes whose vectors
are kept or quickly read. Else it takes that of an earlier state of the index, if the index has not grown much since; or
judges nothing.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sightline.data.array import unit
from sightline.search.query import Embedder, Readers, pieces
from sightline.search.rank.lines import Lines
from sightline.search.rank.matrix import Vectors
from sightline.search.rank.relevance import Background, Scale, background, best_matches, probes
from sightline.search.rank.stamped import Stamp, read_stamped, write_stamped

FEW = 20_000
"""pictures, tiles and lines that a search compares with the probes: a fifth of a second"""
GROWN = 1.25
"""times as many from which on an older background is none: the best of more is nearer"""
PATIENCE = 1.0
"""seconds that a search may take to read the probes, by how long the first of them take"""
BATCH = 16
"""probes read at a time"""
MAGIC = b"SGLNBGD1"


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the probes are compared with: pictures, their parts where there are some, and lines."""

    stamp: Stamp
    """`encoder` names that of the pictures and that of the lines"""
    pictures: tuple[Vectors, ...]
    lines: Lines | None

    @property
    def size(self) -> int:
        """Vectors that would be compared."""
        seen = sum(len(some.matrix) for some in self.pictures)
        return seen + (0 if self.lines is None else len(self.lines.matrix))


@dataclass(frozen=True, slots=True)
class Kept:
    """A background and what it was made of; `looked` (m, d) are the probes as the pictures' encoder reads them, (0, d)
    where it reads no text."""

    stamp: Stamp
    size: int
    looked: np.ndarray
    background: Background


class BackgroundCache:
    """The background of one index: the one at hand, the file, or made."""

    suffix = "-background"

    def __init__(self, db: Path) -> None:
        self.path = db.with_name(db.name + self.suffix)
        self._held: Kept | None = None
        self._slow = ""

    def at(self, shelf: Shelf, readers: Readers) -> Background | None:
        """What a search judges by; None where there is nothing to judge by, or making it would hold the search up."""
        if self._held is None or self._held.stamp != shelf.stamp:
            self._held = self._opened(shelf.stamp) or self._held
            if self._held is None or not _fits(self._held, shelf):
                if (made := self._quickly(shelf, readers)) is None:
                    return None
                self._held = made
        return self._held.background

    def renew(self, shelf: Shelf, readers: Readers | None) -> None:
        """Brings the file up to date. Without encoders only where it has the probes' vectors."""
        kept = self._opened(shelf.stamp)
        if kept is None or kept.stamp != shelf.stamp:
            read = _read_before(kept, shelf) or (None if readers is None else _read(readers))
            if read:
                self._write(_made(shelf, *read))

    def _quickly(self, shelf: Shelf, readers: Readers) -> Kept | None:
        if not 0 < shelf.size <= FEW:
            return None
        read = _read_before(self._held, shelf)
        if read is None and self._slow != shelf.stamp.encoder:
            read = _read(readers, PATIENCE)
            self._slow = "" if read else shelf.stamp.encoder
        if read is None:
            return None
        made = _made(shelf, *read)
        self._write(made)
        return made

    def _opened(self, stamp: Stamp) -> Kept | None:
        """That of the file, perhaps of another revision; None where it is not there, not whole or of something else."""

        def made(said: dict[str, Any], numbers: np.ndarray) -> Kept | None:
            (m, e), (n, d) = said["read"], said["looked"] or (0, 0)
            vectors = numbers.view("<f4")
            if len(vectors) != m * e + n * d:
                return None
            read, looked = vectors[: m * e].reshape(m, e), vectors[m * e :].reshape(n, d)
            seen, heard = (None if said[name] is None else Scale(*said[name]) for name in ("seen", "said"))
            of, known = replace(stamp, revision=said["revision"]), Background(read, seen, heard, said["spelt"])
            return Kept(of, int(said["size"]), read if said["looked"] is None else looked, known)

        return read_stamped(self.path, MAGIC, replace(stamp, revision=""), "made", made)

    def _write(self, kept: Kept) -> None:
        known = kept.background
        once = kept.looked is known.probes  # one encoder reads for both
        said = {
            "revision": kept.stamp.revision,
            "size": kept.size,
            "looked": None if once else kept.looked.shape,
            "read": known.probes.shape,
            "seen": None if known.seen is None else (known.seen.middle, known.seen.spread),
            "said": None if known.said is None else (known.said.middle, known.said.spread),
            "spelt": known.spelt,
        }
        parts = (np.asarray(part, "<f4") for part in ([known.probes] if once else [known.probes, kept.looked]))
        write_stamped(self.path, MAGIC, replace(kept.stamp, revision=""), ("made", said), parts)


def _fits(kept: Kept, shelf: Shelf) -> bool:
    """Whether what was kept is of this state of the index, or of one that is nearly as large."""
    if kept.stamp == shelf.stamp:
        return True
    return kept.stamp == replace(shelf.stamp, revision=kept.stamp.revision) and (
        shelf.size <= GROWN * kept.size and kept.size <= GROWN * shelf.size
    )


class Read(NamedTuple):
    """The probes as the encoders read them."""

    looked: np.ndarray
    """(m, d) to be compared with pictures; (0, d) where that encoder reads no text"""
    read: np.ndarray
    """(m, e) to be compared with lines"""
    spelt: float | None
    """their tokens a word"""


def _read_before(kept: Kept | None, shelf: Shelf) -> Read | None:
    """What was kept of the probes for these encoders."""
    if kept is None or kept.stamp != replace(shelf.stamp, revision=kept.stamp.revision):
        return None
    return Read(kept.looked, kept.background.probes, kept.background.spelt)


def _read(readers: Readers, patience: float | None = None) -> Read | None:
    """The same by the encoders; None where that would take longer than `patience` seconds."""
    looks, reads = readers.looks, readers.reads
    looked = None if looks is None else _vectors(looks, patience)
    read = looked if reads is None or readers.same else _vectors(reads, patience)
    speller = looks if reads is None else reads
    if read is None or speller is None or (looks is not None and looked is None):
        return None
    spelt = [some for some in pieces(speller, probes()[:-1]) if some is not None]
    return Read(read[:0] if looked is None else looked, read, float(np.median(spelt)) if spelt else None)


def _vectors(encoder: Embedder, patience: float | None) -> np.ndarray | None:
    texts: Sequence[str] = probes()
    start, parts = time.monotonic(), []
    for first in range(0, len(texts), BATCH):
        parts.append(unit(encoder.encode_text(list(texts[first : first + BATCH]))).astype(np.float32))
        if patience is not None and (time.monotonic() - start) * len(texts) > patience * (first + BATCH):
            return None
    return np.concatenate(parts)


def _made(shelf: Shelf, looked: np.ndarray, read: np.ndarray, spelt: float | None) -> Kept:
    seen = said = None
    matrices = [some.matrix for some in shelf.pictures if len(some.matrix)]
    if matrices and len(looked):
        seen = np.maximum.reduce([best_matches(looked, matrix) for matrix in matrices])
    if shelf.lines is not None and len(shelf.lines.matrix):
        said = best_matches(read, shelf.lines.matrix)
    return Kept(shelf.stamp, shelf.size, looked, background(read, seen, said, spelt))
