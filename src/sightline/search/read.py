"""What an index gives out: hits, single pictures, their thumbnails and their own bytes."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sightline.data import regular
from sightline.data.decode.picture import FILE_BYTES, open_raster, unpacked
from sightline.data.sample import BadSample
from sightline.search.fill.gone import may_exist
from sightline.search.fill.picture import fingerprint
from sightline.search.fill.place import is_gone
from sightline.search.rank.matrix import Vectors, key
from sightline.search.rank.rank import Ranked
from sightline.search.rank.there import GOOD, sql
from sightline.search.tile import box_of
from sightline.search.typed.where import Filter
from sightline.search.words import inside_of, stored_words

SVG = "image/svg+xml"
TOGETHER = 500
"""rows asked for in one query: some builds of SQLite take no more than 999 numbers"""


@dataclass(frozen=True, slots=True)
class Folded:
    """A picture that stands behind a hit, and why: equal `bytes`, equal small `pixels`, or by its `look` alone."""

    id: int
    key: str
    path: str | None
    name: str
    same: str
    """bytes | pixels | look"""


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
    match: str = ""
    """name | words | said | picture | both: what found it; "" where nothing was asked"""
    box: tuple[int, int, int, int] | None = None
    """x, y, w, h in pixels of a part of the picture that is nearer than the whole; an index with tiles knows it"""
    said: float | None = None
    """cosine of the query and the nearest of the picture's own words; None where none were compared"""
    line: str | None = None
    """those words: its name, a caption or a term, as stored"""
    named: bool = False
    """whether it is called by the query, or its name and captions hold every word of it"""
    relevant: bool | None = None
    """whether it is relevant to the query (rank/relevance.py); None where that was not judged"""
    folders: tuple[str, ...] = ()
    """the words of where it lies: its source, its folders, its sets, but for one called as it is; `in:` finds each"""
    own: tuple[float, float] | None = None
    """width and height that an SVG states of itself"""
    folded: tuple[Folded, ...] = ()
    """near-identical pictures found behind it, where folding was asked for"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a typed query gets. What is relevant comes before what is not."""

    hits: list[Hit]
    suggestion: str | None = None
    """the query with words that no picture has replaced by words a letter away that some have; None without such"""
    relevant: int | None = None
    """relevant pictures of the whole library, however many were asked for; None where that was not judged"""
    unmeasured: int = 0
    """pictures left out because the filter asks for what nobody measured of them yet: to be indexed again"""


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is known of one picture. `source` is the SRC that it came with, `hash` the fingerprint of its bytes."""

    id: int
    key: str
    path: str | None
    name: str
    captions: tuple[str, ...]
    width: int | None
    height: int | None
    source: str
    svg: bool
    hash: str
    own: tuple[float, float] | None = None
    """width and height that an SVG states of itself"""


def hits(
    connection: sqlite3.Connection, found: Ranked, vectors: Vectors, k: int, encoder_id: int, without: int | None = None
) -> list[Hit]:
    """The first `k` of `found` that are still there, but for the id `without`: vectors may be older than the rows.

    Where a file is gone and equal bytes lie elsewhere, those are found in its place.
    """
    keys = vectors.keys[vectors.rows(found.ids)]
    lines = _lines(connection, found.line[: 2 * k].tolist())  # of as many as are shown, and some that may be gone
    made: list[Hit] = []
    given = {without}
    for at, row in enumerate(_rows(connection, found.ids.tolist(), at_a_time=min(max(k, 16), TOGETHER))):
        if row is None or key(row[1]) != int(keys[at]):
            continue
        copies, hash_, picture_id = row[:3]
        stands = picture_id if copies == 1 else _living(connection, hash_, picture_id, given)
        if stands is None or stands in given:
            continue
        if stands != picture_id:
            row = next(iter(_rows(connection, [stands], at_a_time=1))) or row
        given.add(stands)
        box = box_of(connection, hash_, encoder_id, int(found.tile[at]))
        number = int(found.line[at])
        said = (round(float(found.said[at]), 6), lines.get(number)) if number else (None, None)
        hit = _hit(
            row[2:],
            len(made) + 1,
            score=round(float(found.cosines[at]), 6),
            match=str(found.match[at]),
            box=None if box is None else (box.x, box.y, box.w, box.h),
            said=said[0],
            line=said[1],
            named=bool(found.named[at]),
            relevant=None if found.relevant is None else bool(found.relevant[at]),
        )
        made.append(hit)
        if len(made) == k:  # before the next rows are read
            break
    return made


def _lines(connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, str]:
    """The lines of these numbers."""
    wanted, found = sorted({*numbers} - {0}), {}
    for first in range(0, len(wanted), TOGETHER):
        some = wanted[first : first + TOGETHER]
        find = f"SELECT id, line FROM text_vector WHERE id IN ({', '.join('?' * len(some))})"
        found.update(connection.execute(find, some))
    return found


def _rows(connection: sqlite3.Connection, ids: Sequence[int], *, at_a_time: int) -> Iterator[tuple | None]:
    """(copies of equal bytes, hash, then what is shown) of each picture in this order, None for one that is gone.

    Read some at a time: a query for each would take longer than the ranking of a small library.
    """
    for first in range(0, len(ids), at_a_time):
        some = ids[first : first + at_a_time]
        find = f"""SELECT (SELECT COUNT(*) FROM picture AS other WHERE other.hash = picture.hash), hash, {_SHOWN}
                   {_FROM} WHERE id IN ({", ".join("?" * len(some))})"""
        rows = {row[2]: row for row in connection.execute(find, some)}
        yield from (rows.get(id) for id in some)


def browse(
    connection: sqlite3.Connection, k: int, after: int, folders: Sequence[str] = (), where: Filter | None = None
) -> list[Hit]:
    """`k` pictures in the order of indexing, from the one that follows the id `after`; lost copies are left out.

    With `folders` only those in any of them, with `where` those that fit it.
    """
    inside = "AND id IN (SELECT rowid FROM words WHERE words MATCH ?)" if folders else ""
    asked = [after, inside_of(folders)] if folders else [after]
    if where is not None:
        condition, values = sql(where)
        inside, asked = f"{inside} AND {condition}", [*asked, *values]
    find = f"""SELECT hash, {_SHOWN} {_FROM}
               WHERE id > ? AND {GOOD} {inside} ORDER BY id"""
    rows = (row for row in connection.execute(find, asked) if _living(connection, row[0], row[1]) == row[1])
    return [_hit(row[1:], rank) for rank, row in enumerate(islice(rows, k), 1)]


def _living(connection: sqlite3.Connection, hash_: str, id: int, given: Collection[int | None] = ()) -> int | None:
    """The picture to show for picture `id`: itself, or a copy where its file is gone; None where that is `given`."""
    copies = connection.execute("SELECT id, path, source FROM picture WHERE hash = ? ORDER BY id", (hash_,)).fetchall()
    if len(copies) > 1 and not any(_is_there(*copy) for copy in copies if copy[0] == id):
        living = [copy[0] for copy in copies if _is_there(*copy)]
        if living:
            return next((copy for copy in living if copy not in given), None)
    return None if id in given else id


def _is_there(_: int, path: str | None, source: str) -> bool:
    return not is_gone(source) if path is None else may_exist(path)


def picture(connection: sqlite3.Connection, id: int, db: Path) -> Picture:
    """All that is known of the picture `id`. Raises ValueError where the index has no such picture."""
    row = None
    if 0 <= id < 2**63:  # SQLite's numbers end there
        find = f"SELECT {_SHOWN}, picture.source, hash, bad {_FROM} WHERE id = ?"
        row = connection.execute(find, (id,)).fetchone()
    if row is None or row[-1] is not None:
        raise ValueError(f"{db} has no picture {id}" + (f" that could be used: {row[-1]}" if row else ""))
    id, key, path, name, captions, width, height, _, *own, source, hash_, _ = row
    # only an SVG has no pixels of its own
    svg, size = width is None, tuple(own) if own[0] and width is None else None
    return Picture(id, key, path, name, tuple(json.loads(captions)), width, height, source, svg, hash_, size)


def vector(connection: sqlite3.Connection, id: int, db: Path, encoder_id: int) -> np.ndarray:
    """The unit vector (e,) of the picture `id`. Raises ValueError for an unknown one."""
    picture(connection, id, db)
    find = "SELECT data FROM vector JOIN picture USING (hash) WHERE id = ? AND encoder_id = ?"
    row = connection.execute(find, (id, encoder_id)).fetchone()
    if row is None:
        raise ValueError(f"picture {id} of {db} has no vector yet; index again")
    return np.frombuffer(row[0], "<f4")


def thumb(connection: sqlite3.Connection, id: int, db: Path) -> tuple[bytes, str]:
    """The thumbnail and its media type: WebP, at most 256 pixels a side, transparency kept; in files that began as
    version 1, PNG of 96."""
    row = connection.execute(
        "SELECT thumb FROM picture JOIN content USING (hash) WHERE id = ? AND thumb IS NOT NULL", (id,)
    ).fetchone()
    if row is None:
        raise ValueError(f"{db} has no picture {id}")
    return row[0], "image/png" if row[0].startswith(b"\x89PNG") else "image/webp"


def original(found: Picture, kept: bytes | None, db: Path) -> tuple[bytes, str]:
    """The picture's own bytes and their media type, an .svgz unpacked; `kept` are those the index has.

    Never other bytes than were indexed: whatever lies at the path now, its fingerprint decides. Raises ValueError.
    """
    again = f"Index again: sightline index {db} '{found.source}'"
    if kept is None and found.path is None:
        raise ValueError(f"{found.key} of {found.source} has no file of its own, and the index keeps small SVGs only")
    try:
        data = kept if kept is not None else regular.read_regular(Path(found.path or ""), FILE_BYTES)
    except OSError as error:
        odd = found.path and regular.special_kind(Path(found.path))
        why = "not a plain file any more" if odd else error.strerror or error
        raise ValueError(f"{found.path}: {why}. {again}") from error
    if fingerprint(data) != found.hash:
        raise ValueError(f"{found.path or found.key} is not the picture that was indexed any more. {again}")
    try:
        return (unpacked(data), SVG) if found.svg else (data, _media(data))
    except BadSample as error:
        raise ValueError(f"{found.path or found.key}: {error}. {again}") from error


def source_of(connection: sqlite3.Connection, found: Picture) -> bytes | None:
    """The bytes that the index keeps of an SVG without a file."""
    if found.path is not None:
        return None
    return connection.execute("SELECT source FROM content WHERE hash = ?", (found.hash,)).fetchone()[0]


_SHOWN = "id, key, path, name, captions, content.width, content.height, within, look.width, look.height"
_FROM = "FROM picture JOIN content USING (hash) LEFT JOIN look USING (hash)"


def _hit(row: tuple, rank: int, *, score: float = 0.0, **more: Any) -> Hit:
    """A hit of a row of _SHOWN; `more` are fields of `Hit`."""
    id, key, path, name, captions, width, height, within, *size = row
    # a set that gives each of its drawings a folder of its own says nothing by it
    own = stored_words(name)
    folders = tuple(one for one in within.split("\n") if one and one != own)
    texts, stated = tuple(json.loads(captions)), tuple(size) if size[0] and width is None else None
    return Hit(rank, score, id, key, path, name, texts, width, height, folders=folders, own=stated, **more)


def _media(data: bytes) -> str:
    return Image.MIME.get(open_raster(data).image.format or "", "application/octet-stream")
