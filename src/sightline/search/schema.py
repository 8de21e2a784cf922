"""The tables of an index file, how they grew, and its errors in words.

One SQLite file is the only truth. Write-ahead logging lets searches run while pictures are added, and a process killed
at any moment leaves the last committed batch. `application_id` tells our files from other databases, `user_version`
counts the migrations applied.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sightline.search.folders import folder_lines
from sightline.search.words import stored_lines

APPLICATION = 0x53474C4E  # "SGLN"
WAIT = 30.0
"""seconds to wait for another process that writes"""

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
    (
        # words by the rule of words.py, a line each: `called` has the name and the captions, `said` the search terms
        "ALTER TABLE picture ADD COLUMN called TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE picture ADD COLUMN said TEXT NOT NULL DEFAULT ''",
        # version 1 kept captions and terms in one list, the main caption first
        "UPDATE picture SET called = v1_called(name, captions), said = v1_said(captions)",
        """CREATE VIRTUAL TABLE words USING fts5 (
            called, said, content = 'picture', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2')
        """,
        "INSERT INTO words (words) VALUES ('rebuild')",
        """CREATE TRIGGER words_added AFTER INSERT ON picture BEGIN
            INSERT INTO words (rowid, called, said) VALUES (new.id, new.called, new.said);
        END""",
        """CREATE TRIGGER words_removed AFTER DELETE ON picture BEGIN
            INSERT INTO words (words, rowid, called, said) VALUES ('delete', old.id, old.called, old.said);
        END""",
        """CREATE TRIGGER words_changed AFTER UPDATE ON picture
            WHEN old.id != new.id OR old.called != new.called OR old.said != new.said BEGIN
            INSERT INTO words (words, rowid, called, said) VALUES ('delete', old.id, old.called, old.said);
            INSERT INTO words (rowid, called, said) VALUES (new.id, new.called, new.said);
        END""",
        # the bytes of an SVG that has no file of its own
        "ALTER TABLE content ADD COLUMN source BLOB",
        # so that bad ones are counted without reading past every thumbnail
        "CREATE INDEX content_bad ON content (hash) WHERE bad IS NOT NULL",
        # what caches are made of: `library` names this index for good, `revision` changes with every commit
        "INSERT INTO meta VALUES ('library', lower(hex(randomblob(16))))",
        "INSERT INTO meta VALUES ('revision', lower(hex(randomblob(8))))",
    ),
    (
        # parts of large pictures: numbered from 1 as `data.tile` gives them, x, y, w, h in pixels, unit vectors
        """CREATE TABLE tile (
            hash TEXT NOT NULL, encoder_id INTEGER NOT NULL REFERENCES encoder (id) ON DELETE CASCADE,
            number INTEGER NOT NULL, x INTEGER NOT NULL, y INTEGER NOT NULL, w INTEGER NOT NULL, h INTEGER NOT NULL,
            data BLOB NOT NULL, PRIMARY KEY (hash, encoder_id, number))""",
        # the scales at which the tiles of this picture were made, '' where nobody asked for any
        "ALTER TABLE vector ADD COLUMN tiled TEXT NOT NULL DEFAULT ''",
    ),
    (
        # where a picture lies as weak words, by the rule of folders.py
        "ALTER TABLE picture ADD COLUMN within TEXT NOT NULL DEFAULT ''",
        *(f"DROP TRIGGER words_{change}" for change in ("added", "removed", "changed")),
        "DROP TABLE words",
        "UPDATE picture SET within = v4_within(source, key, path)",
        """CREATE VIRTUAL TABLE words USING fts5 (
            called, said, within, content = 'picture', content_rowid = 'id',
            tokenize = 'porter unicode61 remove_diacritics 2')""",
        "INSERT INTO words (words) VALUES ('rebuild')",
        """CREATE TRIGGER words_added AFTER INSERT ON picture BEGIN
            INSERT INTO words (rowid, called, said, within) VALUES (new.id, new.called, new.said, new.within);
        END""",
        """CREATE TRIGGER words_removed AFTER DELETE ON picture BEGIN
            INSERT INTO words (words, rowid, called, said, within)
                VALUES ('delete', old.id, old.called, old.said, old.within);
        END""",
        """CREATE TRIGGER words_changed AFTER UPDATE ON picture
            WHEN old.id != new.id OR old.called != new.called OR old.said != new.said OR old.within != new.within BEGIN
            INSERT INTO words (words, rowid, called, said, within)
                VALUES ('delete', old.id, old.called, old.said, old.within);
            INSERT INTO words (rowid, called, said, within) VALUES (new.id, new.called, new.said, new.within);
        END""",
    ),
    (
        # a line of `called` or `said` as a unit vector of the encoder that `words_encoder` of `meta` names when all are
        # made: the one that answers searches, or one of texts beside it
        """CREATE TABLE text_vector (
            id INTEGER PRIMARY KEY, line TEXT NOT NULL,
            encoder_id INTEGER NOT NULL REFERENCES encoder (id) ON DELETE CASCADE, data BLOB NOT NULL,
            UNIQUE (encoder_id, line))""",
    ),
    (
        # what the bytes say of themselves, a JSON list of captions and one of terms; NULL where nobody has looked
        "ALTER TABLE content ADD COLUMN words TEXT",
    ),
    (
        # who or what a picture shows, where it was enrolled: an index with such rows is a gallery
        """CREATE TABLE enrolled (
            picture INTEGER PRIMARY KEY REFERENCES picture (id) ON DELETE CASCADE, name TEXT NOT NULL)""",
    ),
    (
        # what some bytes look like, by which they are filtered and folded (look/measure.py): what kind they are, pixels
        # as shown or the size that an SVG states (here too, so that filters read no row with a thumbnail), the share
        # that is not opaque, outline or filled, mean colours, a hash of small pixels
        """CREATE TABLE look (
            hash TEXT PRIMARY KEY, kind TEXT, width REAL, height REAL, clear REAL NOT NULL, drawn TEXT,
            alike BLOB NOT NULL, pixels TEXT) WITHOUT ROWID""",
        # its colours, the largest first: a word for each, its code, CIE Lab, and its share of the ink
        """CREATE TABLE colour (
            hash TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, code TEXT NOT NULL, l REAL NOT NULL,
            a REAL NOT NULL, b REAL NOT NULL, share REAL NOT NULL, PRIMARY KEY (hash, number)) WITHOUT ROWID""",
    ),
)


def new_revision(connection: sqlite3.Connection) -> None:
    """Gives the index a new random revision, by which caches know that they are stale; called in every transaction that
    changes what a search may answer. Not a counter: an older copy of the file that is put back and filled otherwise
    must not meet the caches of what it was.
    """
    connection.execute("UPDATE meta SET value = lower(hex(randomblob(8))) WHERE key = 'revision'")


def connect(path: Path) -> sqlite3.Connection:
    """Opens or makes the index file at `path` and brings it to this version's tables.

    Raises ValueError where the file is another kind of file, damaged, or of a newer version.
    """
    with plain_errors(path):
        # write-ahead mode needs files beside it. Where none can be made and nobody has any, the file is read as it lies
        still = path.is_file() and not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
        place = f"{path.absolute().as_uri()}?immutable=1" if still else str(path)
        # several threads may use it, one at a time: whoever shares it has a lock
        connection = sqlite3.connect(place, timeout=WAIT, isolation_level=None, check_same_thread=False, uri=still)
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
def plain_errors(path: Path) -> Iterator[None]:
    """Turns SQLite's errors within into ValueError or OSError that say what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "no such module: fts5" in str(error):
            raise ValueError(
                f"{path} needs SQLite with FTS5 (search by words), which this Python was built without (SQLite "
                f"{sqlite3.sqlite_version}). Use a Python from python.org, conda, uv or your system's packages"
            ) from error
        if path.is_dir():
            raise OSError(f"{path} is a folder; an index is one file, for instance {path / 'index.db'}") from error
        hint = "another process is writing it; wait for it to end" if "locked" in str(error) else "nothing was lost"
        raise OSError(f"{path}: {error} ({hint})") from error
    except sqlite3.DatabaseError as error:
        raise ValueError(
            f"{path} is damaged or not an index ({error}). Move it away and index again: sightline index {path} SRC "
            "--encoder ENCODER"
        ) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Makes the tables of a new file, or brings older ones to this version. ValueError for others' files."""
    with transaction(connection, "DEFERRED"):  # at one moment: another process may be making the file
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
    _write_ahead(connection)
    connection.create_function("v1_called", 2, lambda name, texts: stored_lines([name, *json.loads(texts)[:1]]))
    connection.create_function("v1_said", 1, lambda texts: stored_lines(json.loads(texts)[1:]))
    connection.create_function("v4_within", 3, lambda source, key, path: folder_lines(source, key, path, []))
    with transaction(connection):
        version = connection.execute("PRAGMA user_version").fetchone()[0]  # another process may have been first
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for this change of mode as it waits for a transaction."""
    end = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)
