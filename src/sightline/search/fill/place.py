"""Sources that go elsewhere or are let go of: rows change their place or leave, and no picture is embedded again.

One rule of names for both: what is named, and whatever lies below it. That is a source as it is listed, a folder inside
one, or the disk that several of them lie on.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.data.sample import Source, Stream
from sightline.search.fill.gone import below, may_exist
from sightline.search.folders import location, moved_lines
from sightline.search.owner import sources_of
from sightline.search.row import COLUMNS, Row
from sightline.search.schema import new_revision, transaction

ENDS = (os.sep, "/", ":", "?")
"""what may follow the place of a source in its name: something below it, a split, options"""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did, in pictures."""

    count: int
    """those with a new place"""
    merged: int
    """those that the index had at the new place already; one row of each is left"""


def absolute(src: str) -> str:
    """SRC with absolute paths, so that one folder is one source from wherever a command is run.

    >>> absolute("icons:train?n=5::s3://bucket/000.tar")
    'icons:train?n=5::s3://bucket/000.tar'
    """
    from sightline.data.sources.source import ASKED, MADE, SETS, Asked, closing, parse

    def anchor(part: Any) -> str:
        name, text = part.name, part.text
        if isinstance(part, Asked):
            encoder = os.path.abspath(part.encoder) if Path(part.encoder).exists() else part.encoder
            return f"{ASKED}{absolute(part.source)}, {encoder}){text[closing(text) + 1 :]}"
        if "://" in name or (name in MADE and not Path(name).exists()):
            return text
        lead = SETS if name.startswith(SETS) and not Path(name).exists() else ""
        return lead + os.path.abspath(os.path.expanduser(name.removeprefix(lead))) + text.removeprefix(name)

    return "::".join(map(anchor, parse(src)))


def is_gone(source: str) -> bool:
    """Whether the folder, table or archive of a source is known not to be there any more."""
    if not os.path.isabs(source) or may_exist(source) or may_exist(where := location(source)):
        return False
    first = next((at for at, letter in enumerate(where) if letter in "{*?["), None)
    # the tars of a pattern: their folder stands for them
    return first is None or not may_exist(os.path.dirname(where[:first]))


def parts_of(source: Source | Stream) -> Sequence[Source | Stream]:
    """The sources that a mixture is made of; any other is one."""
    from sightline.data.sources.mixture import Mixture

    return source.parts if isinstance(source, Mixture) else [source]


def reopened(source: str, db: Path) -> Source | Stream:
    """A source of the index again. Raises ValueError saying what to do where that cannot be had."""
    from sightline.data.sources.source import open_source

    try:
        return open_source(source)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"an index of names alone gets its vectors all at once, and {source} of {db} cannot be opened now "
            f"({error}). Make it readable, or let go of it: sightline index {db} --drop '{source}'"
        ) from error


def drop(connection: sqlite3.Connection, given: str, db: Path) -> int:
    """Removes every picture of what is named, with its vectors; returns how many. ValueError where there is none."""
    _, rows = _named(connection, given, db, wide=False)
    with transaction(connection):
        connection.executemany("DELETE FROM picture WHERE place = ?", [(row.place,) for row in rows])
        remove_orphans(connection)
        new_revision(connection)
    return len(rows)


def move(connection: sqlite3.Connection, given: str, new: str, db: Path) -> Moved:
    """Gives every picture of what was at `given` its place at `new`. All in one transaction.

    Raises ValueError where the index has nothing there, or where none of it lies at `new`.
    """
    old, rows = _named(connection, given, db, wide=True)
    new = absolute(new)
    made = [_rehomed(row, old, new) for row in rows]
    if not any(may_exist(row.path) if row.path else not is_gone(row.source) for row in made):
        example = made[0].path or location(made[0].source)
        raise ValueError(
            f"none of the {len(rows):,} pictures of {old} is at {new}: {example}, for one, is not there. Nothing was "
            "changed; move the files first"
        )
    with transaction(connection):
        taken = {place for (place,) in connection.execute("SELECT place FROM picture")} - {row.place for row in rows}
        merged: list[tuple[str]] = []
        moved: list[tuple[str, str, str | None, str, str]] = []
        for before, after in zip(rows, made, strict=True):
            if after.place in taken:
                merged.append((before.place,))
            else:
                taken.add(after.place)
                moved.append((after.place, after.source, after.path, after.within, before.place))
        connection.executemany("DELETE FROM picture WHERE place = ?", merged)
        # first to names that nothing has: one picture may come to where another one was
        connection.executemany("UPDATE picture SET place = char(10) || place WHERE place = ?", [m[-1:] for m in moved])
        connection.executemany(
            "UPDATE picture SET place = ?, source = ?, path = ?, within = ? WHERE place = char(10) || ?", moved
        )
        remove_orphans(connection)
        new_revision(connection)
    return Moved(len(moved), len(merged))


def remove_orphans(connection: sqlite3.Connection) -> None:
    """Removes contents, vectors, tiles and looks that belong to no picture any more. Inside a transaction."""
    for table in ("content", "vector", "tile", "look", "colour"):
        connection.execute(f"DELETE FROM {table} WHERE hash NOT IN (SELECT hash FROM picture)")


def moved_notes(rows: Iterable[Row], seen: dict[str, str], db: Path) -> list[str]:
    """Notes that advise a move: a sentence for each other source of `rows` that is not there any more, though this run
    saw the same pictures.

    `seen` is the place of a picture by its hash.
    """
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.hash in seen:
            found.setdefault(row.source, []).append(row)
    notes: list[str] = []
    for source, same in sorted(found.items()):
        if not is_gone(source):
            continue
        old = location(source)
        targets = Counter(filter(None, (_target(row, old, seen[row.hash]) for row in same)))
        way = f"sightline index {db} --drop '{old}'"
        if targets:
            way = f"sightline index {db} --move '{old}' '{targets.most_common(1)[0][0]}' (or --drop '{old}')"
        notes.append(f"{old} is not there any more, and {len(same):,} of its pictures were found again: {way}")
    return notes


def _target(row: Row, old: str, place: str) -> str | None:
    """Where `old` went, by one of its pictures and where that is now."""
    if row.path is None or not below(row.path, old) or row.path == old:
        return None
    rest = row.path[len(old.rstrip(os.sep)) :]
    return place.removesuffix(rest) if place.endswith(rest) else None


def _named(connection: sqlite3.Connection, given: str, db: Path, wide: bool) -> tuple[str, list[Row]]:
    """(name, rows) of what a person calls a source: as it is listed, or as a path from here.

    What is no source is a folder with several, or one inside a source; `wide` takes what lies in a source too.
    """
    rows = [Row._make(row) for row in connection.execute(f"SELECT {COLUMNS} FROM picture ORDER BY id")]
    full = {row.source: _anchored(row.source) for row in rows}
    name = given if given in full else absolute(given)
    where = location(name)
    named = {source for source, whole in full.items() if name in (source, whole)}
    inside = (wide or not named) and name == where and (os.path.isabs(where) or "://" in where)
    found = [
        row
        for row in rows
        if row.source in named
        or (inside and (_starts(full[row.source], where) or (row.path is not None and below(row.path, where))))
    ]
    if not found:
        raise ValueError(f"{db} has nothing of {given}; its sources: {'; '.join(sources_of(connection)) or 'none'}")
    return full.get(name, name), found


def _anchored(source: str) -> str:
    try:
        return absolute(source)
    except ValueError:  # a source made in Python may be called anything
        return source


def _starts(source: str, where: str) -> bool:
    return source == where or source.startswith(tuple(where.rstrip("/") + end for end in ENDS))


def _rehomed(row: Row, old: str, new: str) -> Row:
    """The row with what was at `old` at `new`: its source's name, its file."""
    source, path, (old_root, new_root) = _anchored(row.source), row.path, (location(old), location(new))
    if source == old:
        source = new
    elif _starts(source, old_root):
        source = new_root + source[len(old_root) :]
    else:
        source = row.source  # of another name: only some of its pictures were moved
    if path is not None:
        if below(path, old_root):
            path = new_root + path[len(old_root) :]
        elif source == new and below(path, os.path.dirname(old_root)) and not may_exist(path):
            # a table that took its pictures along
            path = os.path.dirname(new_root) + path[len(os.path.dirname(old_root)) :]
    within = moved_lines(row.within, (row.source, row.key, row.path), (source, row.key, path))
    return row._replace(source=source, path=path, within=within, place=path or f"{source}#{row.key}")
