"""Vectors of the words themselves: every distinct name, caption and term of the library once, by an encoder of texts.

A query is compared with these as well as with pictures (rank/lines.py). Lines are the stored words, so that "Credit
card" and `credit-card` are one. Only lines that have no vector yet are embedded; each batch is committed, so that a run
that was killed goes on.
"""

import re
import sqlite3
from collections.abc import Callable

from sightline.data.array import unit
from sightline.search.query import Embedder
from sightline.search.schema import transaction

BATCH = 256
"""lines embedded at a time, and committed"""
TEMPLATE = re.compile(r"^(?:(?:an?|the) )?(?:photo|photograph|picture|image|icon|drawing) of (?:(?:an?|the) )?(?=\S)")
"""what captions of whole libraries begin with (A. Radford et al. 2021, "Learning Transferable Visual Models")"""


def own_lines(called: str, said: str) -> list[str]:
    """The distinct lines of a picture that are embedded: those with a letter, names and captions before terms.

    >>> own_lines("img 0001\\n2024", "beach\\nbeach")
    ['img 0001', 'beach']
    """
    lines = dict.fromkeys(f"{called}\n{said}".split("\n"))
    return [line for line in lines if any(map(str.isalpha, line))]


def said_by(line: str) -> str:
    """What is embedded of a line: "a photo of a" says nothing, and says it of every picture of a library so captioned.

    >>> said_by("a photo of a dog"), said_by("photo of"), said_by("icon")
    ('dog', 'photo of', 'icon')
    """
    return TEMPLATE.sub("", line)


def fill_lines(
    connection: sqlite3.Connection,
    encoder: Embedder,
    encoder_id: int,
    progress: Callable[[int, int | None], None] | None = None,
) -> bool:
    """Gives every line of the library its vector by `encoder` and removes those that no picture has any more.

    Returns whether anything changed.
    """
    find = "SELECT line FROM text_vector WHERE encoder_id = ?"
    known = {line for (line,) in connection.execute(find, (encoder_id,))}
    wanted = _lines(connection)
    # a fixed order: a set has another one in every process
    new = [line for line in wanted if line not in known]
    for start in range(0, len(new), BATCH):
        some = new[start : start + BATCH]
        vectors = unit(encoder.encode_text([said_by(line) for line in some])).astype("<f4")
        with transaction(connection):
            connection.executemany(
                "INSERT OR REPLACE INTO text_vector (line, encoder_id, data) VALUES (?, ?, ?)",
                [(line, encoder_id, vector.tobytes()) for line, vector in zip(some, vectors, strict=True)],
            )
        if progress:
            progress(start + len(some), len(new))
    return prune_lines(connection, wanted) > 0 or bool(new)


def prune_lines(connection: sqlite3.Connection, wanted: dict[str, None] | None = None) -> int:
    """Removes lines that no picture has, `wanted` being those that some have; returns how many vectors went."""
    wanted = _lines(connection) if wanted is None else wanted
    gone = [(id,) for id, line in connection.execute("SELECT id, line FROM text_vector") if line not in wanted]
    with transaction(connection):
        connection.executemany("DELETE FROM text_vector WHERE id = ?", gone)
    return len(gone)


def _lines(connection: sqlite3.Connection) -> dict[str, None]:
    """Every distinct line of the library in the order of its pictures."""
    rows = connection.execute("SELECT called, said FROM picture ORDER BY id")
    return dict.fromkeys(line for called, said in rows for line in own_lines(called, said))
