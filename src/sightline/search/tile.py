"""Tiles in the index: the vectors of the parts of large pictures, and the best part of a picture for a query."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sightline.data.prepare.tile import Box
from sightline.search.rank.matrix import MatrixCache, Vectors, joined, places
from sightline.search.rank.stamped import Stamp


@dataclass(frozen=True, slots=True)
class Best:
    """For every picture of a matrix (n,): the cosine of its best tile, -2 where it has none, and that tile's number."""

    cosines: np.ndarray
    tile: np.ndarray


def best(tiles: Vectors, pictures: Vectors, vector: np.ndarray) -> Best | None:
    """The best tile of every picture for a unit vector (e,). None where there are no tiles."""
    if not len(tiles.ids):
        return None
    at, known = places(pictures.ids, tiles.ids)
    cosines, numbers = (tiles.matrix @ vector)[known], tiles.keys[known].astype(np.int64)
    order = np.lexsort((-numbers, cosines))  # the best comes last, of equals the first tile
    found = Best(np.full(len(pictures.ids), -2, np.float32), np.zeros(len(pictures.ids), np.int64))
    # six digits, as the cosines of whole pictures
    found.cosines[at[order]], found.tile[at[order]] = np.round(cosines[order], 6), numbers[order]
    return found


class TileCache(MatrixCache):
    """All tile vectors as one matrix, beside that of the pictures: `ids` are pictures', once a tile; `keys` numbers."""

    suffix = "-tiles"

    def read(self, connection: sqlite3.Connection, encoder_id: int, stamp: Stamp) -> Vectors:
        """Every tile's vector from SQLite, in the order of their pictures' ids and their numbers."""
        find = """SELECT picture.id, number, tile.data FROM picture
                  JOIN tile ON tile.hash = picture.hash AND encoder_id = ? ORDER BY picture.id, number"""
        ids, numbers, data = [], [], []
        cursor = connection.execute(find, (encoder_id,))
        while some := cursor.fetchmany(4096):
            ids.extend(row[0] for row in some)
            numbers.extend(row[1] for row in some)
            data.append(np.frombuffer(b"".join(row[2] for row in some), dtype="<f4"))
            if data[-1].size != len(some) * stamp.dim:
                raise sqlite3.DatabaseError(f"a tile's vector has another length than {stamp.dim}")
        matrix = joined(data, len(ids), stamp.dim)
        return Vectors(stamp, np.array(ids, "<i8"), np.array(numbers, "<u8"), matrix)


def box_of(connection: sqlite3.Connection, hash_: str, encoder_id: int, number: int) -> Box | None:
    """Where a tile lies in its picture; None of the whole picture, and of a tile that went since."""
    if not number:
        return None
    row = connection.execute(
        "SELECT x, y, w, h FROM tile WHERE hash = ? AND encoder_id = ? AND number = ?", (hash_, encoder_id, number)
    ).fetchone()
    return None if row is None else Box(*row)


def scales_of(connection: sqlite3.Connection) -> tuple[float, ...]:
    """The scales at which an index is tiled; () where it is not."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'tiles'").fetchone()
    return tuple(float(scale) for scale in row[0].split()) if row else ()


def set_scales(connection: sqlite3.Connection, scales: Sequence[float]) -> None:
    """What `scales_of` will give."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('tiles', ?)", (scales_text(scales),))


def scales_text(scales: Sequence[float]) -> str:
    """Scales as text, as they are stored beside the tiles that were made with them.

    >>> scales_text((1.0, 0.5))
    '1 0.5'
    """
    return " ".join(f"{scale:g}" for scale in scales)
