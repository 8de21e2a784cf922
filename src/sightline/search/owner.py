"""Which encoder an index belongs to: vectors are compared only where weights and rules are the same."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sightline.search.fill.picture import absolute_path
from sightline.search.query import Embedder
from sightline.search.rank import near
from sightline.search.rank.stamped import Stamp
from sightline.search.schema import transaction


class Owner(NamedTuple):
    """The encoder that answers searches."""

    id: int
    name: str
    identity: str
    dim: int


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
    approximate: near.Recall | None = None
    """recall@10 of approximate search, measured when its graph was built; None while searches are exact"""


def about(connection: sqlite3.Connection, db: Path, approximate_from: int) -> About:
    """What is in the index at `db`, which is searched by a graph from so many pictures on."""
    owner = owner_of(connection, db)
    (total,) = connection.execute("SELECT count(*) FROM picture").fetchone()
    unusable = "SELECT count(*) FROM picture JOIN content USING (hash) WHERE bad IS NOT NULL"
    (bad,) = connection.execute(unusable).fetchone()
    recall = None
    if total - bad >= approximate_from:
        recall = near.recall_of(near.path_of(db), stamp_of(connection, owner))
    return About(total - bad, bad, sources_of(connection), owner.name, owner.identity, owner.dim, recall)


def owner_of(connection: sqlite3.Connection, db: Path) -> Owner:
    """The encoder that answers searches of the index at `db`. Raises ValueError where nothing was ever indexed."""
    if (owner := _owner(connection)) is None:
        raise ValueError(f"{db} is empty. Fill it: sightline index {db} SRC")
    return owner


def check(connection: sqlite3.Connection, encoder: Embedder, db: Path) -> None:
    """Raises ValueError where `encoder` is not the owner, with the command that indexes again."""
    owner = owner_of(connection, db)
    if encoder.identity != owner.identity:
        raise _mismatch(db, owner, encoder, sources_of(connection))


def stamp_of(connection: sqlite3.Connection, owner: Owner) -> Stamp:
    """What a cache of the index as it is now is made of."""
    meta = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('library', 'revision')"))
    return Stamp(meta["library"], owner.identity, owner.dim, meta["revision"])


def admit(connection: sqlite3.Connection, encoder: Embedder, db: Path, source: str) -> int:
    """The id of an encoder that may add vectors; the first one becomes the owner. ValueError for another one."""
    with transaction(connection):
        owner = _owner(connection)
        if owner and owner.identity != encoder.identity:
            raise _mismatch(db, owner, encoder, [source])
        encoder_id = register(connection, encoder)
        set_owner(connection, encoder_id)
    return encoder_id


def is_blind(connection: sqlite3.Connection) -> bool:
    """Whether the index holds names alone: it was made without an encoder."""
    owner = _owner(connection)
    return owner is not None and owner.dim == 0


def register(connection: sqlite3.Connection, encoder: Embedder) -> int:
    """The id of an encoder in the index, where it is written down if it is new; it is not made the owner."""
    if not encoder.identity:
        raise ValueError(f"the encoder {encoder.name} has no identity: save it to a run folder, load it and index then")
    # a name relative to where the command happened to run would not be found again
    there = encoder.dim > 0 and Path(encoder.name).exists()
    name = str(absolute_path(encoder.name)) if there else encoder.name
    connection.execute(
        """INSERT INTO encoder (name, identity, dim) VALUES (?, ?, ?)
           ON CONFLICT (identity) DO UPDATE SET name = excluded.name""",
        (name, encoder.identity, encoder.dim),
    )
    return connection.execute("SELECT id FROM encoder WHERE identity = ?", (encoder.identity,)).fetchone()[0]


def words_owner(connection: sqlite3.Connection) -> Owner | None:
    """The encoder by whose vectors words are compared with words; None until every line has one."""
    return _said_in(connection, "words_encoder")


def set_words_owner(connection: sqlite3.Connection, encoder_id: int | None) -> None:
    """Makes the encoder of this id the one that compares words, and lets go of the lines of every other."""
    connection.execute("DELETE FROM text_vector WHERE encoder_id IS NOT ?", (encoder_id,))
    if encoder_id is None:
        connection.execute("DELETE FROM meta WHERE key = 'words_encoder'")
    else:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('words_encoder', ?)", (str(encoder_id),))


def set_owner(connection: sqlite3.Connection, encoder_id: int) -> None:
    """Makes the encoder of this id the one that answers searches."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('encoder', ?)", (str(encoder_id),))


def sources_of(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Every SRC whose pictures are in the index."""
    return tuple(row[0] for row in connection.execute("SELECT DISTINCT source FROM picture ORDER BY source"))


def _owner(connection: sqlite3.Connection) -> Owner | None:
    return _said_in(connection, "encoder")


def _said_in(connection: sqlite3.Connection, key: str) -> Owner | None:
    row = connection.execute(
        """SELECT encoder.id, name, identity, dim FROM meta JOIN encoder ON encoder.id = CAST(value AS INTEGER)
           WHERE key = ?""",
        (key,),
    ).fetchone()
    return row and Owner(*row)


def _mismatch(db: Path, owner: Owner, encoder: Embedder, sources: Sequence[str]) -> ValueError:
    return ValueError(
        f"{db} was made with the encoder {owner.name}, or with other weights of it; vectors of {encoder.name} cannot "
        f"be compared with those. Index again: sightline index {db} '{'::'.join(sources) or 'SRC'}' "
        f"--encoder {encoder.name} --rebuild"
    )
