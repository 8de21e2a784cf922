"""What a detector found, kept in the cache by content: one SQLite file a detector, a row a picture and its phrases.

A row is committed whole, so that an interrupted search for regions goes on where it stopped. A file that cannot be read
is made again, and one that cannot be written is done without: that costs time and nothing else.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import NamedTuple

from sightline.data.cache import kept_path
from sightline.weights.regions.chosen import Region, Rule

FORMAT = 1
"""of what is kept and of how it is found; another one finds nothing of the former"""
WAIT = 60.0
"""seconds to wait for another process that writes"""


class Looked(NamedTuple):
    """What was found in one picture."""

    regions: tuple[Region, ...]
    best: float | None
    """the highest score of any box, taken or not"""


class Kept:
    """Rows by key; `file` None keeps nothing."""

    def __init__(self, file: Path | None) -> None:
        self.connection = None if file is None else _opened(file)

    def get(self, key: bytes) -> Looked | None:
        """What `put` was given, to the bit; None where there is nothing, or nothing that can be read."""
        if self.connection is None:
            return None
        try:
            row = self.connection.execute("SELECT found FROM looked WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            said = json.loads(row[0])
            regions = (Region(words, (x, y, w, h), score) for words, (x, y, w, h), score in said["regions"])
            return Looked(tuple(regions), said["best"])
        except (sqlite3.Error, ValueError, KeyError, TypeError):
            return None

    def put(self, key: bytes, looked: Looked) -> None:
        """Keeps it, whole or not at all."""
        if self.connection is None:
            return
        said = json.dumps({"regions": [astuple(region) for region in looked.regions], "best": looked.best})
        with contextlib.suppress(sqlite3.Error), self.connection:
            self.connection.execute("INSERT OR REPLACE INTO looked VALUES (?, ?)", (key, said))


def key_of(content: bytes, shape: tuple[int, int], phrases: Sequence[str], rule: Rule) -> bytes:
    """Names a picture by its bytes and its height and width, what was looked for in it, and what was taken of that."""
    words = json.dumps([FORMAT, *shape, list(phrases), *astuple(rule)]).encode()
    return hashlib.blake2b(hashlib.blake2b(content).digest() + words, digest_size=16).digest()


@contextmanager
def kept_of(identity: str) -> Iterator[Kept]:
    """What the detector of that identity found before; of "" nothing is kept."""
    kept = Kept(kept_path("regions", identity, ".db") if identity else None)
    try:
        yield kept
    finally:
        if kept.connection is not None:
            kept.connection.close()


def _opened(file: Path) -> sqlite3.Connection | None:
    """The file's connection, of an empty one where it is none of ours; None where none can be written."""
    for _ in range(2):
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
        connection = None
        try:
            connection = sqlite3.connect(file, timeout=WAIT)
            connection.execute("CREATE TABLE IF NOT EXISTS looked (key BLOB PRIMARY KEY, found TEXT NOT NULL)")
            return connection
        except sqlite3.OperationalError:  # a locked, full or unwritable place
            if connection is not None:
                connection.close()
            return None
        except sqlite3.DatabaseError:  # another file, or a broken one
            if connection is not None:
                connection.close()
            with contextlib.suppress(OSError):
                file.unlink()
    return None
