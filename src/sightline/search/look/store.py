"""What was measured, in the tables `look` and `colour`; pictures of earlier versions are measured by thumbnails."""

import io
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from sightline.data import regular
from sightline.data.ahead import map_ahead
from sightline.search.look.about import drawing_size, kind_by_name, kind_of
from sightline.search.look.measure import Seen, seen
from sightline.search.schema import new_revision, transaction

BATCH = 256
"""pictures of an earlier version measured between two commits"""
DRAWING_BYTES = 16 * 2**20
"""of an SVG that is read once more for the size it states"""


class Look(NamedTuple):
    """What was measured of a picture and what its bytes say of themselves."""

    kind: str | None
    size: tuple[float, float] | None
    """width and height as shown, or as an SVG states them"""
    seen: Seen
    exact: bool = True
    """whether it was measured by its own pixels, and not by a thumbnail that is nearly those"""


def look_of(image: bytes | np.ndarray, size: tuple[float, float] | None, small: np.ndarray) -> Look:
    """Of a picture, its size as shown (None of an SVG) and its pixels made small, uint8 (y, x, 3 or 4)."""
    return Look(kind_of(image), size or drawing_size(image), seen(small))


def write(connection: sqlite3.Connection, looks: Iterable[tuple[str, Look]]) -> None:
    """Keeps the look of each hash, in the place of an earlier one. Inside a transaction."""
    found = list(looks)
    connection.executemany(
        "INSERT OR REPLACE INTO look VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (hash_, look.kind, *(look.size or (None, None)), look.seen.clear, look.seen.drawn, look.seen.alike)
            + (look.seen.pixels if look.exact else None,)
            for hash_, look in found
        ],
    )
    connection.executemany("DELETE FROM colour WHERE hash = ?", [(hash_,) for hash_, _ in found])
    connection.executemany(
        "INSERT INTO colour VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (hash_, number, one.name, "#{:02x}{:02x}{:02x}".format(*one.rgb), *one.lab, one.share)
            for hash_, look in found
            for number, one in enumerate(look.seen.colours)
        ],
    )


def measure_older(connection: sqlite3.Connection, progress: Callable[[int, int | None], None] | None = None) -> bool:
    """Measures the pictures that an earlier version indexed, by their thumbnails; returns whether there were any.

    Each batch is committed, so that a run that was killed goes on. Of an SVG the size it states is read from its file,
    where that is still the one that was indexed; what kind of raster a file is, by its name.
    """
    # of a library that was measured, no row of contents is read: each holds a thumbnail
    find = """SELECT hash FROM content WHERE bad IS NULL AND thumb IS NOT NULL
              AND hash IN (SELECT hash FROM picture WHERE hash NOT IN (SELECT hash FROM look))"""
    wanted = [hash_ for (hash_,) in connection.execute(find)]
    for first in range(0, len(wanted), BATCH):
        some = wanted[first : first + BATCH]
        find = f"""SELECT hash, thumb, width, height, content.source, max(coalesce(path, '')), min(key) FROM content
                   JOIN picture USING (hash) WHERE hash IN ({", ".join("?" * len(some))}) GROUP BY hash"""
        made = list(map_ahead(_by_thumb, connection.execute(find, some).fetchall(), threads=2, room=BATCH))
        with transaction(connection):
            write(connection, made)
            new_revision(connection)
        if progress:
            progress(first + len(some), len(wanted))
    return bool(wanted)


def lossless(thumb: bytes) -> bool:
    """Whether a thumbnail is the small picture itself: a WebP without loss."""
    return thumb[12:16] == b"VP8L"


def _by_thumb(row: tuple[str, bytes, int | None, int | None, bytes | None, str, str]) -> tuple[str, Look]:
    hash_, thumb, width, height, source, path, key = row
    exact = lossless(thumb)
    with Image.open(io.BytesIO(thumb)) as image:
        pixels = np.asarray(image.convert("RGBA" if "A" in image.mode or "transparency" in image.info else "RGB"))
    if width and height:
        kind = kind_by_name(path or key)
        return hash_, Look(None if kind == "svg" else kind, (width, height), seen(pixels), exact)
    data = source if source is not None else _file(path, hash_)
    return hash_, Look("svg", None if data is None else drawing_size(data), seen(pixels), exact)


def _file(path: str, hash_: str) -> bytes | None:
    """The bytes at a path, if those are the ones of this hash."""
    from sightline.search.fill.picture import fingerprint

    if not path:
        return None
    try:
        data = regular.read_regular(Path(path), DRAWING_BYTES)
    except OSError:
        return None
    return data if fingerprint(data) == hash_ else None
