"""The tables of an index file, how they grew, and its errors in words.

One SQLite file is the only truth. Write-ahead logging lets searches run while pictures are added, and a process killed
at any moment leaves the last committed batch. `application_id` tells our files from other databases, `user_version`
counts the migrations applied.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

APPLICATION = 0x53474C4E  # "SGLN"

# One entry for each version; a published entry is never edited, a change is a new one.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # how the index came to be: `encoder` is the id of the encoder that answers searches
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        # one row a picture; `place` is its absolute path, or source#key where it lies inside an archive or a package
        """CREATE TABLE picture (
            id INTEGER PRIMARY KEY, place TEXT NOT NULL UNIQUE, source TEXT NOT NULL, key TEXT NOT NULL, path TEXT,
            name TEXT NOT NULL, captions TEXT NOT NULL, hash TEXT NOT NULL, size INTEGER NOT NULL,
            mtime INTEGER NOT NULL)""",
        "CREATE INDEX picture_source ON picture (source)",
        "CREATE INDEX picture_hash ON picture (hash)",
        # what belongs to the bytes and not to the place, so that a moved or copied file has it already
        """CREATE TABLE content (
            hash TEXT PRIMARY KEY, width INTEGER, height INTEGER, thumb BLOB, bad TEXT)""",
        "CREATE TABLE encoder (id INTEGER PRIMARY KEY, name TEXT NOT NULL, identity TEXT NOT NULL UNIQUE, dim INTEGER)",
        # unit vectors, float32, little-endian; two encoders' vectors stand side by side while an index is rebuilt
        """CREATE TABLE vector (
            hash TEXT NOT NULL, encoder_id INTEGER NOT NULL REFERENCES encoder (id) ON DELETE CASCADE,
            data BLOB NOT NULL, PRIMARY KEY (hash, encoder_id))""",
    ),
)


def connect(path: Path) -> sqlite3.Connection:
    """Opens or makes the index file at `path` and brings it to this version's tables.

    Raises ValueError where the file is another kind of file, damaged, or of a newer version.
    """
    with spoken(path):
        connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """All of the block or nothing of it. `kind` DEFERRED is one unchanging view for reading."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
    except BaseException:
        # a full disk may already have ended it
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def spoken(path: Path) -> Iterator[None]:
    """SQLite's errors as ValueError or OSError that say what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        hint = "another process is writing it; wait for it to end" if "locked" in str(error) else "nothing was lost"
        raise OSError(f"{path}: {error} ({hint})") from error
    except sqlite3.DatabaseError as error:
        raise ValueError(
            f"{path} is damaged or not an index ({error}). Move it away and index again: sightline index {path} SRC "
            "--encoder ENCODER"
        ) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION and (application or version or tables):
        raise ValueError(f"{path} is a database of another program; choose another name for the index")
    if version > len(MIGRATIONS):
        raise ValueError(
            f"{path} has index version {version}; this version of Sightline reads up to {len(MIGRATIONS)}. Upgrade: "
            "pip install --upgrade sightline"
        )
    connection.execute("PRAGMA foreign_keys = ON")
    # NORMAL: a kill loses nothing; a power cut may lose the last batches, never the file
    connection.execute("PRAGMA synchronous = NORMAL")
    if version == len(MIGRATIONS):
        return
    connection.execute("PRAGMA journal_mode = WAL")
    with transaction(connection):
        version = connection.execute("PRAGMA user_version").fetchone()[0]  # another process may have been first
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
