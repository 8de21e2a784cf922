"""Which pictures a filter and folders leave: filters become SQL with every value a parameter.

A property that a picture has not (a photograph is neither outlined nor filled), or that nobody measured yet, is NULL:
such a picture fits neither a comparison nor its opposite, by the three values of SQL's logic.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sightline.data.describe.colour import lab
from sightline.search.rank.find import inhabitants
from sightline.search.typed.fields import FIELDS, Rgb, Span
from sightline.search.typed.where import All, Comparison, Filter, Not, comparisons
from sightline.search.words import inside_of

PART = 0.1  # ours
"""of a picture's ink that a colour makes up, from which on the picture has that colour"""
NEAR = 16.0  # ours
"""delta E (CIE 1976) up to which a colour goes for the code that was asked for"""
ROUND = 0.005
"""share up to which two transparencies are equal"""
KEPT = 8
"""filters whose pictures are held"""
FROM = "FROM picture LEFT JOIN look USING (hash)"
"""what conditions are about; not the contents, whose rows hold thumbnails and are slow to read past"""
GOOD = "hash NOT IN (SELECT hash FROM content WHERE bad IS NOT NULL)"
"""of those the pictures that can be used; an index has the bad ones, so that here too no contents are read"""


class Fit(NamedTuple):
    """What a filter leaves."""

    ids: np.ndarray
    """(n,) ascending"""
    unmeasured: int
    """pictures that it cannot tell, because an earlier version indexed them and did not measure what it asks for"""


def allowed(connection: sqlite3.Connection, folders: Sequence[str], where: Filter | None) -> np.ndarray | None:
    """Ids (n,), ascending, of the pictures in any of `folders` that fit `where`; None where neither says anything."""
    inside = inhabitants(connection, folders) if folders else None
    if where is None:
        return inside
    fit = fitting(connection, where).ids
    return fit if inside is None else np.intersect1d(inside, fit, assume_unique=True)


def fitting(connection: sqlite3.Connection, where: Filter) -> Fit:
    """The pictures that fit, found once for each state of a library."""
    meta = "SELECT value FROM meta WHERE key IN ('library', 'revision') ORDER BY key"
    state = (*(row[0] for row in connection.execute(meta)), where)
    found = _held.get(state)
    if found is None:
        condition, values = sql(where)
        # as one text: thousands of rows would take as long again to become Python's
        find = f"SELECT group_concat(id) FROM (SELECT picture.id {FROM} WHERE {GOOD} AND {condition} ORDER BY id)"
        (told,) = connection.execute(find, values).fetchone()
        unmeasured = 0
        if any(FIELDS[one.field].measured for one in comparisons(where)):
            (unmeasured,) = connection.execute(f"SELECT count(*) {FROM} WHERE {GOOD} AND look.hash IS NULL").fetchone()
        found = Fit(np.fromstring(told, np.int64, sep=",") if told else np.zeros(0, np.int64), unmeasured)
        while len(_held) >= KEPT:
            _held.pop(next(iter(_held)), None)  # another thread may have been first
        _held[state] = found
    return found


_held: dict[tuple, Fit] = {}


def unmeasured(connection: sqlite3.Connection, where: Filter | None, db: Path) -> int:
    """How many pictures a filter cannot tell; ValueError with what to do where it cannot tell any."""
    fit = None if where is None else fitting(connection, where)
    if fit is None or not fit.unmeasured:
        return 0
    (pictures,) = connection.execute(f"SELECT count(*) {FROM} WHERE {GOOD}").fetchone()
    if fit.unmeasured == pictures:
        asked = dict.fromkeys(one.field for one in comparisons(where) if FIELDS[one.field].measured) if where else ()
        raise ValueError(
            f"{', '.join(asked)}: no picture of {db} was measured for this yet, because an earlier version indexed "
            f"them. Bring it up to date once: sightline index {db} SRC"
        )
    return fit.unmeasured


def sql(where: Filter) -> tuple[str, list[str | float | int]]:
    """A condition over `FROM`, and the values of its question marks.

    >>> sql(Not(Comparison("width", ">", 512.0)))
    ('(NOT (look.width > ?))', [512.0])
    """
    if isinstance(where, Comparison):
        return _test(where)
    if isinstance(where, Not):
        condition, values = sql(where.inside)
        return f"(NOT {condition})", values
    parts = [sql(one) for one in where.inside]
    joined = (" AND " if isinstance(where, All) else " OR ").join(condition for condition, _ in parts)
    return f"({joined})", [value for _, values in parts for value in values]


def _test(test: Comparison) -> tuple[str, list[str | float | int]]:
    if test.sign == "!=":
        condition, values = _test(Comparison(test.field, "=", test.value))
        return f"(NOT {condition})", values
    value = test.value
    match test.field, value:
        case "folder", str():
            return "(picture.id IN (SELECT rowid FROM words WHERE words MATCH ?))", [inside_of([value])]
        case "type", "raster":
            return "(look.kind != 'svg')", []
        case "type", str():
            return "(look.kind = ?)", [value]
        case "width", float():
            return f"(look.width {test.sign} ?)", [value]
        case "height", float():
            return f"(look.height {test.sign} ?)", [value]
        case "size", float():
            return f"(picture.size {test.sign} ?)", [value]
        case "date", Span():
            return _date(test.sign, value)
        case "colour", Rgb():
            wanted = [float(part) for part in lab(np.array([value], np.uint8))[0]]
            near = "(l - ?) * (l - ?) + (a - ?) * (a - ?) + (b - ?) * (b - ?) <= ?"
            return _coloured(near, [part for part in wanted for _ in range(2)] + [NEAR**2])
        case "colour", str():
            return _coloured("name = ?", [value])
        case "transparency", bool():
            return f"(look.clear {'>' if value else '='} 0)", []
        case "transparency", float():
            if test.sign == "=":
                return "(abs(look.clear - ?) <= ?)", [value, ROUND]
            return f"(look.clear {test.sign} ?)", [value]
        case "drawn", str():
            return "(look.drawn = ?)", [value]
    raise ValueError(f"{test.field} is compared with {value!r}, which is no value of it")


def _date(sign: str, span: Span) -> tuple[str, list[str | float | int]]:
    # 0 is that of a picture without a file
    when = "nullif(picture.mtime, 0)"
    if sign == "=":
        return f"({when} >= ? AND {when} < ?)", [span.start, span.end]
    # later than a day is from its end on, and up to a day is until its end
    edge = span.end if sign in (">", "<=") else span.start
    return f"({when} {'>=' if sign[0] == '>' else '<'} ?)", [edge]


def _coloured(which: str, values: Sequence[str | float]) -> tuple[str, list[str | float | int]]:
    share = f"(SELECT total(share) FROM colour WHERE colour.hash = picture.hash AND {which})"
    return f"(CASE WHEN look.hash IS NULL THEN NULL ELSE {share} >= ? END)", [*values, PART]
