"""All vectors of an index as one matrix in memory: read from SQLite, kept as a file that is mapped.

`DB-vectors` beside the index is a cache and never a truth: it says which library, encoder and revision it was made of,
and one that is stale, cut or of another library is passed over. A process that had to read its matrix from SQLite
writes the cache, atomically, so any number of processes may.

The matrix lies by columns, number 1 of every vector first: its product with a vector then takes half the time. That of
MANY lies by rows: a graph proposes which of them are read (near.py).

While another process indexes, the revision changes with every batch. A library so large that reading it takes long is
then answered from the older matrix for a while (`BUSY`): pictures that have come since are not found yet.
"""

import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from sightline.search.rank.stamped import Stamp, read_stamped, write_stamped

MAGIC = b"SGLNVEC2"
MANY = 250_000
"""vectors from which on they lie by rows"""
WORTH = 0.02
"""seconds of reading from which a search writes the file; indexing always does"""
QUICK = 0.2
"""seconds of reading up to which every change is followed at once"""
BUSY = 10
"""times as long as reading took before it is done again"""


@dataclass(frozen=True, slots=True)
class Vectors:
    """The searchable pictures: `ids` (n,) ascending, `matrix` (n, e) of unit vectors.

    `keys` (n,) are the first eight bytes of the content hashes: they tell whether a row is still the picture it was.
    """

    stamp: Stamp
    ids: np.ndarray
    keys: np.ndarray
    matrix: np.ndarray

    def rows(self, ids: np.ndarray) -> np.ndarray:
        """Row numbers of those of `ids` that are here, in their order."""
        return places(self.ids, ids)[0]


def places(ids: np.ndarray, some: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places (k,) in `ids` (n,), ascending, of those of `some` (m,) that are there, and which (m,) those are."""
    if len(ids) and ids[-1] - ids[0] + 1 == len(ids):  # nothing was removed yet
        at = some - ids[0]
        there = (at >= 0) & (at < len(ids))
    else:
        at = np.searchsorted(ids, some)
        there = at < len(ids)
        there[there] = ids[at[there]] == some[there]
    return at[there], there


class Stamped(Protocol):
    """What a cache holds."""

    @property
    def stamp(self) -> Stamp:
        """What it was made of."""
        ...


T = TypeVar("T", bound=Stamped)


class Cache(ABC, Generic[T]):
    """Gives what is kept for a stamp: the one at hand, the mapped file, or one read from SQLite."""

    suffix = ""

    def __init__(self, db: Path) -> None:
        self.path = db.with_name(db.name + self.suffix)
        self._held: T | None = None
        self._until = 0.0

    def at(self, connection: sqlite3.Connection, encoder_id: int, stamp: Stamp) -> T:
        """Called inside a transaction in which `stamp` was read. May be of an older revision; see above."""
        held = self._held
        if held and held.stamp == stamp:
            return held
        found = self.opened(stamp)
        if found is None:
            same = held and (held.stamp.library, held.stamp.encoder) == (stamp.library, stamp.encoder)
            if held and same and time.monotonic() < self._until:
                return held
            start = time.monotonic()
            found = self.read(connection, encoder_id, stamp)
            if time.monotonic() - start > WORTH:
                self.write(found)
            took = time.monotonic() - start
            self._until = start + took + (BUSY * took if took > QUICK else 0)
        self._held = found
        return found

    def renew(self, connection: sqlite3.Connection, encoder_id: int, stamp: Stamp) -> T:
        """What there is now, and on disk; for the end of indexing."""
        found = self.opened(stamp)
        if found is None:
            found = self.read(connection, encoder_id, stamp)
            self.write(found)
        return found

    @abstractmethod
    def read(self, connection: sqlite3.Connection, encoder_id: int, stamp: Stamp) -> T:
        """As the cache would hold it, read from SQLite."""

    @abstractmethod
    def opened(self, stamp: Stamp) -> T | None:
        """The mapped file, None where it is not there, not whole or of something else."""

    @abstractmethod
    def write(self, found: T) -> None:
        """Leaves the file as it was where it cannot be written."""


class MatrixCache(Cache[Vectors]):
    """All vectors of pictures as one matrix."""

    suffix = "-vectors"

    def read(self, connection: sqlite3.Connection, encoder_id: int, stamp: Stamp) -> Vectors:
        """As of `Cache`."""
        return read(connection, encoder_id, stamp)

    def opened(self, stamp: Stamp) -> Vectors | None:
        """As of `Cache`."""
        return _mapped(self.path, stamp)

    def write(self, found: Vectors) -> None:
        """As of `Cache`."""
        write(self.path, found)


def read(connection: sqlite3.Connection, encoder_id: int, stamp: Stamp) -> Vectors:
    """Every vector from SQLite, in the order of their pictures' ids."""
    find = """SELECT picture.id, picture.hash, vector.data FROM picture
              JOIN vector ON vector.hash = picture.hash AND encoder_id = ? ORDER BY picture.id"""
    ids, keys, data = [], [], []
    cursor = connection.execute(find, (encoder_id,))
    while some := cursor.fetchmany(4096):
        ids.extend(row[0] for row in some)
        keys.extend(key(row[1]) for row in some)
        data.append(np.frombuffer(b"".join(row[2] for row in some), dtype="<f4"))
        if data[-1].size != len(some) * stamp.dim:
            raise sqlite3.DatabaseError(f"a vector has another length than {stamp.dim}")
    return Vectors(stamp, np.array(ids, "<i8"), np.array(keys, "<u8"), joined(data, len(ids), stamp.dim))


def joined(data: Sequence[np.ndarray], count: int, dim: int) -> np.ndarray:
    """The matrix (count, dim) of vectors that came one after another, in parts; laid out as the file has it."""
    matrix = (np.concatenate(data) if data else np.zeros(0, dtype="<f4")).reshape(count, dim)
    return np.asfortranarray(matrix) if count < MANY else matrix


def key(hash_: str) -> int:
    """
    >>> key("00000000000000ff0123456789abcdef")
    255
    """
    return int(hash_[:16], 16)


def write(path: Path, vectors: Vectors) -> None:
    """Leaves the cache as it was where it cannot be written."""
    few = len(vectors.ids) < MANY
    parts = (vectors.ids, vectors.keys, vectors.matrix.T if few else vectors.matrix)
    write_stamped(path, MAGIC, vectors.stamp, ("count", len(vectors.ids)), parts)


def _mapped(path: Path, stamp: Stamp) -> Vectors | None:
    """The file as arrays on disk, None where it is not there, not whole or of something else."""

    def made(count: int, numbers: np.ndarray) -> Vectors | None:
        if len(numbers) != count * (16 + 4 * stamp.dim):
            return None
        matrix = numbers[16 * count :].view("<f4")
        return Vectors(
            stamp,
            ids=numbers[: 8 * count].view("<i8"),
            keys=numbers[8 * count : 16 * count].view("<u8"),
            matrix=matrix.reshape(stamp.dim, count).T if count < MANY else matrix.reshape(count, stamp.dim),
        )

    return read_stamped(path, MAGIC, stamp, "count", made)
