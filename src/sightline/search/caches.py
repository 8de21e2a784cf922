"""The caches of one index file, each made from it, and what a search reads of them."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sightline.data.array import unit
from sightline.search.owner import Owner, owner_of, stamp_of, words_owner
from sightline.search.query import Readers
from sightline.search.rank import near
from sightline.search.rank.background import BackgroundCache, Shelf
from sightline.search.rank.lines import LineCache, Lines, some_lines
from sightline.search.rank.matrix import MatrixCache, Vectors
from sightline.search.rank.rank import Library
from sightline.search.rank.stamped import Stamp
from sightline.search.schema import transaction
from sightline.search.tile import TileCache, scales_of

if TYPE_CHECKING:
    from sightline.search.fill.fill import Progress


class Caches:
    """Of the index at `db`: matrices of pictures, tiles and lines, the graph of a large library, the background."""

    def __init__(self, db: Path, approximate_from: int) -> None:
        self.db, self.approximate_from = db, approximate_from
        self._matrix, self._tiles, self._lines = MatrixCache(db), TileCache(db), LineCache(db)
        self._background = BackgroundCache(db)
        self._graph: tuple[Stamp, near.Graph | None] | None = None

    def library(self, connection: sqlite3.Connection, *, tiled: bool, readers: Readers | None = None) -> Library:
        """What is searched, inside a transaction; with tiles where there are any and they are asked for.

        For words, given what `readers` they have, also the lines and by what to judge, where there are those.
        """
        owner = owner_of(connection, self.db)
        vectors = self._matrix.at(connection, owner.id, stamp_of(connection, owner))
        graph = self._near(vectors) if self._large(vectors) else None
        tiles = self._tiles.at(connection, owner.id, vectors.stamp) if tiled and scales_of(connection) else None
        if readers is None:
            return Library(vectors, graph, tiles)
        words = words_owner(connection)
        lines = words and self._lines.at(connection, words.id, stamp_of(connection, words))
        known = None
        if getattr(words, "identity", None) == getattr(readers.reads, "identity", None):
            # else the words are not all embedded yet: half of what there is would judge
            known = self._background.at(_shelf(words, vectors, tiles, lines), readers)
        return Library(vectors, graph, tiles, lines or None, known)

    def renew(
        self, connection: sqlite3.Connection, progress: "Progress | None", readers: Readers | None = None
    ) -> None:
        """Brings the files up to date, so that the next search only reads; with what `readers` words have, if known."""
        tiles = lines = None
        spoken: list[str] = []
        with transaction(connection, "DEFERRED"):
            owner = owner_of(connection, self.db)
            vectors = MatrixCache(self.db).renew(connection, owner.id, stamp_of(connection, owner))
            if scales_of(connection):
                tiles = TileCache(self.db).renew(connection, owner.id, vectors.stamp)
            if words := words_owner(connection):
                lines = LineCache(self.db).renew(connection, words.id, stamp_of(connection, words))
                spoken = some_lines(connection, words.id, near.QUERIES) if self._lacks_graph(vectors) else []
        BackgroundCache(self.db).renew(_shelf(words, vectors, tiles, lines), readers)
        if self._lacks_graph(vectors):
            looks = None if readers is None else readers.looks
            asked = None if looks is None or not spoken else unit(looks.encode_text(spoken)).astype(np.float32)
            near.update(near.path_of(self.db), vectors, progress, asked)

    def _large(self, vectors: Vectors) -> bool:
        return len(vectors.ids) >= self.approximate_from and vectors.stamp.dim > 0

    def _lacks_graph(self, vectors: Vectors) -> bool:
        return self._large(vectors) and near.recall_of(near.path_of(self.db), vectors.stamp) is None

    def _near(self, vectors: Vectors) -> near.Graph | None:
        if self._graph is None or self._graph[0] != vectors.stamp:
            self._graph = (vectors.stamp, near.opened(near.path_of(self.db), vectors.stamp))
        return self._graph[1]


def _shelf(words: Owner | None, vectors: Vectors, tiles: Vectors | None, lines: Lines | None) -> Shelf:
    encoders = f"{vectors.stamp.encoder} {'-' if words is None else words.identity}"
    stamp = replace(vectors.stamp, encoder=encoders)
    return Shelf(stamp, (vectors,) if tiles is None else (vectors, tiles), lines or None)
