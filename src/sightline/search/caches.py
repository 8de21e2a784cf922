"""The caches of one index file, each made from it, and what a search reads of them."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.search.owner import owner_of, stamp_of, words_owner
from sightline.search.rank import near
from sightline.search.rank.lines import LineCache
from sightline.search.rank.matrix import MatrixCache, Vectors
from sightline.search.rank.rank import Library
from sightline.search.rank.stamped import Stamp
from sightline.search.schema import transaction
from sightline.search.tile import TileCache, scales_of

if TYPE_CHECKING:
    from sightline.search.fill.fill import Progress


class Caches:
    """Of the index at `db`: the matrix of pictures, of tiles, of lines, and the graph of a large library."""

    def __init__(self, db: Path, approximate_from: int) -> None:
        self.db, self.approximate_from = db, approximate_from
        self._matrix, self._tiles, self._lines = MatrixCache(db), TileCache(db), LineCache(db)
        self._graph: tuple[Stamp, near.Graph | None] | None = None

    def library(self, connection: sqlite3.Connection, *, tiled: bool, lined: bool) -> Library:
        """What is searched, inside a transaction; with tiles and lines where there are any and they are asked for."""
        owner = owner_of(connection, self.db)
        vectors = self._matrix.at(connection, owner.id, stamp_of(connection, owner))
        graph = self._near(vectors) if self._large(vectors) else None
        tiles = self._tiles.at(connection, owner.id, vectors.stamp) if tiled and scales_of(connection) else None
        words = words_owner(connection) if lined else None
        lines = words and self._lines.at(connection, words.id, stamp_of(connection, words))
        return Library(vectors, graph, tiles, lines or None)

    def renew(self, connection: sqlite3.Connection, progress: "Progress | None") -> None:
        """Brings the files up to date, so that the next search only reads."""
        with transaction(connection, "DEFERRED"):
            owner = owner_of(connection, self.db)
            vectors = MatrixCache(self.db).renew(connection, owner.id, stamp_of(connection, owner))
            if scales_of(connection):
                TileCache(self.db).renew(connection, owner.id, vectors.stamp)
            if words := words_owner(connection):
                LineCache(self.db).renew(connection, words.id, stamp_of(connection, words))
        if self._large(vectors):
            near.update(near.path_of(self.db), vectors, progress)

    def _large(self, vectors: Vectors) -> bool:
        return len(vectors.ids) >= self.approximate_from and vectors.stamp.dim > 0

    def _near(self, vectors: Vectors) -> near.Graph | None:
        if self._graph is None or self._graph[0] != vectors.stamp:
            self._graph = (vectors.stamp, near.opened(near.path_of(self.db), vectors.stamp))
        return self._graph[1]
