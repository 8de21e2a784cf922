"""The index: one SQLite file that holds pictures, captions, thumbnails and vectors, and answers searches.

Vectors are unit length, so one matrix product gives the cosines. The matrix is read once and read again when the file
changed; it is a cache of the file, never a second truth.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.array import unit
from sightline.data.sample import Source, Stream
from sightline.probes.nearest import top
from sightline.search.fill import Filling, Progress, Report
from sightline.search.naming import named
from sightline.search.picture import plain
from sightline.search.query import Embedder, image_vector, text_vector
from sightline.search.schema import connect, spoken, transaction


@dataclass(frozen=True, slots=True)
class Hit:
    """One result. `score` is the cosine of query and picture; `path` is None for a picture inside an archive."""

    rank: int
    score: float
    id: int
    key: str
    path: str | None
    name: str
    captions: tuple[str, ...]
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class About:
    """What an index holds."""

    pictures: int
    bad: int
    sources: tuple[str, ...]
    encoder: str
    """the name it was made with: where `load` finds it"""
    identity: str
    dim: int


class Index:
    """An index file, made by the first `add`. Also a context manager that closes the file.

    >>> with Index("icons.db") as index:                                          # doctest: +SKIP
    ...     index.add(open_source("icons"), encoder)
    ...     for hit in index.search_text("credit card", encoder, k=3):
    ...         print(hit.rank, hit.name)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._connection: sqlite3.Connection | None = None
        self._matrix: tuple[tuple[int, int], np.ndarray, np.ndarray] | None = None

    def __enter__(self) -> "Index":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; the next use opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._matrix = None

    def add(self, source: Source | Stream, encoder: Embedder, progress: Progress | None = None) -> Report:
        """Brings the index up to date with `source`: new, changed, moved and vanished pictures.

        Raises ValueError where the index was made with another encoder; OSError where it cannot be written. What was
        committed before stays either way.
        """
        connection = self._open(must_exist=False)
        with spoken(self.path):
            encoder_id = self._admit(connection, encoder, str(source.name))
            return self._fill(Filling(connection, encoder, encoder_id), source, progress, only=True)

    def rebuild(self, source: Source | Stream, encoder: Embedder, progress: Progress | None = None) -> Report:
        """Embeds everything of `source` with `encoder`; afterwards the index holds this source and no other.

        The old vectors answer searches until the last picture is done. Killed halfway, the next call goes on.
        """
        connection = self._open(must_exist=False)
        with spoken(self.path):
            encoder_id = _enter(connection, encoder)
            report = self._fill(Filling(connection, encoder, encoder_id), source, progress, only=False)
            with transaction(connection):
                _activate(connection, encoder_id)
                connection.execute("DELETE FROM encoder WHERE id != ?", (encoder_id,))
        return report

    def search(self, vector: Any, k: int = 10) -> list[Hit]:
        """The `k` pictures nearest to `vector` (e,), best first; equal scores go by the order of indexing."""
        return self._best(vector, k, said="")

    def _best(self, vector: Any, k: int, said: str) -> list[Hit]:
        if k < 1:
            raise ValueError(f"k must be at least 1; got {k}")
        query = unit(vector).reshape(-1)
        connection = self._open()
        with spoken(self.path), transaction(connection, "DEFERRED"):
            ids, matrix = self._vectors(connection)
            if len(query) != matrix.shape[1]:
                raise ValueError(f"the query has {len(query)} numbers, {self.path} holds vectors of {matrix.shape[1]}")
            # six digits: equal vectors then score equal, whatever block of the product they fell into
            scores = np.round(matrix @ query, 6)
            # cosines lie in [-1, 1]: three more puts every named picture before every other, in order of likeness
            order = scores + 3.0 * np.isin(ids, named(connection, said))
            return [
                _hit(connection, rank, float(scores[row]), int(ids[row])) for rank, row in enumerate(top(order, k), 1)
            ]

    def search_text(self, query: str, encoder: Embedder, k: int = 10) -> list[Hit]:
        """The `k` best pictures for what a person typed: first those whose name or caption holds every word, then the
        nearest of the others. Raises ValueError for an empty query."""
        self.check(encoder)
        return self._best(text_vector(encoder, query), k, said=query)

    def search_image(self, picture: Any, encoder: Embedder, k: int = 10) -> list[Hit]:
        """The `k` pictures most alike to a path, bytes, PIL image or uint8 array."""
        self.check(encoder)
        return self.search(image_vector(encoder, picture), k)

    def check(self, encoder: Embedder) -> None:
        """Raises ValueError where the index was made with another encoder, with the command that re-indexes."""
        about = self.about()
        if encoder.identity != about.identity:
            raise ValueError(_mismatch(self.path, about.encoder, encoder, about.sources))

    def about(self) -> About:
        """What is in the file. Raises ValueError where nothing was ever indexed."""
        connection = self._open()
        with spoken(self.path), transaction(connection, "DEFERRED"):
            active = _active(connection)
            if active is None:
                raise ValueError(f"{self.path} is empty. Fill it: sightline index {self.path} SRC --encoder ENCODER")
            counts = connection.execute("SELECT count(*), count(bad) FROM picture LEFT JOIN content USING (hash)")
            total, bad = counts.fetchone()
            return About(total - bad, bad, _sources(connection), active[1], active[2], active[3])

    def thumbs(self, hits: Sequence[Hit]) -> list[bytes]:
        """A PNG for each hit, at most 96 pixels a side, transparency kept."""
        connection = self._open()
        with spoken(self.path):
            find = "SELECT thumb FROM picture JOIN content USING (hash) WHERE id = ?"
            return [connection.execute(find, (hit.id,)).fetchone()[0] for hit in hits]

    def _open(self, must_exist: bool = True) -> sqlite3.Connection:
        if self._connection is None:
            if must_exist and not self.path.is_file():
                raise ValueError(
                    f"there is no index at {self.path}. Make one: sightline index {self.path} SRC --encoder ENCODER"
                )
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = connect(self.path)
        return self._connection

    def _fill(self, filling: Filling, source: Source | Stream, progress: Progress | None, only: bool) -> Report:
        """`only` removes what vanished from this source alone; else everything that is not in it."""
        from sightline.data.mixture import Mixture

        parts = source.parts if isinstance(source, Mixture) else [source]
        for part in parts:
            filling.add(part, progress)
        mine = {str(part.name) for part in parts}
        return filling.finish(mine if only else mine | set(_sources(filling.connection)))

    def _admit(self, connection: sqlite3.Connection, encoder: Embedder, source: str) -> int:
        """The row of an encoder that may add vectors; the first one becomes the index's own."""
        active = _active(connection)
        if active is not None and active[2] != encoder.identity:
            raise ValueError(_mismatch(self.path, active[1], encoder, (source,)))
        with transaction(connection):
            encoder_id = _enter_inside(connection, encoder)
            _activate(connection, encoder_id)
        return encoder_id

    def _vectors(self, connection: sqlite3.Connection) -> tuple[np.ndarray, np.ndarray]:
        """Ids (n,) and unit vectors (n, e), ordered by id; called inside a transaction."""
        active = _active(connection)
        if active is None:
            raise ValueError(f"{self.path} is empty. Fill it: sightline index {self.path} SRC --encoder ENCODER")
        # data_version moves when others commit, total_changes when we do
        version = (connection.execute("PRAGMA data_version").fetchone()[0], connection.total_changes)
        if self._matrix is None or self._matrix[0] != version:
            rows = connection.execute(
                """SELECT picture.id, vector.data FROM picture
                   JOIN vector ON vector.hash = picture.hash AND encoder_id = ? ORDER BY picture.id""",
                (active[0],),
            ).fetchall()
            ids = np.array([row[0] for row in rows], dtype=np.int64)
            matrix = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4").reshape(len(rows), active[3])
            self._matrix = (version, ids, matrix)
        return self._matrix[1], self._matrix[2]


def _active(connection: sqlite3.Connection) -> tuple[int, str, str, int] | None:
    """(id, name, identity, dim) of the encoder that answers searches."""
    return connection.execute(
        """SELECT encoder.id, name, identity, dim FROM meta JOIN encoder ON encoder.id = CAST(value AS INTEGER)
           WHERE key = 'encoder'"""
    ).fetchone()


def _enter(connection: sqlite3.Connection, encoder: Embedder) -> int:
    with transaction(connection):
        return _enter_inside(connection, encoder)


def _enter_inside(connection: sqlite3.Connection, encoder: Embedder) -> int:
    if not encoder.identity:
        raise ValueError(f"the encoder {encoder.name} has no identity: save it to a run folder, load it and index then")
    # a name relative to where the command happened to run would not be found again
    name = str(plain(encoder.name)) if Path(encoder.name).exists() else encoder.name
    connection.execute(
        """INSERT INTO encoder (name, identity, dim) VALUES (?, ?, ?)
           ON CONFLICT (identity) DO UPDATE SET name = excluded.name""",
        (name, encoder.identity, encoder.dim),
    )
    return connection.execute("SELECT id FROM encoder WHERE identity = ?", (encoder.identity,)).fetchone()[0]


def _activate(connection: sqlite3.Connection, encoder_id: int) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('encoder', ?)", (str(encoder_id),))


def _sources(connection: sqlite3.Connection) -> tuple[str, ...]:
    return tuple(row[0] for row in connection.execute("SELECT DISTINCT source FROM picture ORDER BY source"))


def _mismatch(path: Path, made_with: str, encoder: Embedder, sources: Sequence[str]) -> str:
    return (
        f"{path} was made with the encoder {made_with}, or with other weights of it; vectors of {encoder.name} cannot "
        f"be compared with those. Index again: sightline index {path} '{'::'.join(sources) or 'SRC'}' "
        f"--encoder {encoder.name} --rebuild"
    )


def _hit(connection: sqlite3.Connection, rank: int, score: float, picture_id: int) -> Hit:
    key, path, name, captions, width, height = connection.execute(
        "SELECT key, path, name, captions, width, height FROM picture JOIN content USING (hash) WHERE id = ?",
        (picture_id,),
    ).fetchone()
    return Hit(rank, score, picture_id, key, path, name, tuple(json.loads(captions)), width, height)
