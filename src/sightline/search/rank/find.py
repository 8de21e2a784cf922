"""What the words of a query find in the stored words (FTS5): ids of pictures, best first or ascending."""

import sqlite3
from collections.abc import Sequence

import numpy as np

from sightline.search.words import exact_line, holding, inside_of, only_inside

WEAK = 0.1  # ours
"""of a word of the folder or the set, against 1 of one in the name, a caption or a term"""


def word_matches(connection: sqlite3.Connection, expression: str | None, most: int) -> np.ndarray:
    """Ids (n,) of the pictures that an expression of FTS5 finds, by its BM25, best first, at most
    `most` (-1: all of them).
    """
    if expression is None:
        return np.zeros(0, np.int64)
    find = f"SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, 1, 1, {WEAK}), rowid LIMIT ?"
    return np.array([row[0] for row in connection.execute(find, (expression, most))], np.int64)


def holders(connection: sqlite3.Connection, query: str, folders: Sequence[str] = ()) -> np.ndarray:
    """Ids (n,), ascending, of the pictures whose name and captions hold every word of a query (`words.holding`).

    Where there are none, the last word is taken as the start of one.
    """
    for typing in (False, True):
        expression = holding(query, folders, typing=typing)
        if expression is not None and len(found := members(connection, expression)):
            return found
    return np.zeros(0, np.int64)


def exact_matches(connection: sqlite3.Connection, query: str, folders: Sequence[str] = ()) -> np.ndarray:
    """Ids (n,) of the pictures whose name, or one of whose captions, is the query: the same words in the same order."""
    line = exact_line(query)
    if line is None:
        return np.zeros(0, np.int64)
    find = """SELECT rowid FROM words WHERE words MATCH ?
              AND instr(char(10) || called || char(10), char(10) || ? || char(10)) ORDER BY rowid"""
    expression = only_inside(f'called : "{line}"', folders)
    return np.array([row[0] for row in connection.execute(find, (expression, line))], np.int64)


def inhabitants(connection: sqlite3.Connection, folders: Sequence[str]) -> np.ndarray:
    """Ids (n,) of the pictures in any of `folders`, ascending."""
    return members(connection, inside_of(folders))


def members(connection: sqlite3.Connection, expression: str) -> np.ndarray:
    """Ids (n,) of all pictures that an expression of FTS5 finds, ascending: a fifth of the time of their BM25."""
    # as one text: thousands of rows would take as long again to become Python's
    find = "SELECT group_concat(rowid) FROM (SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid)"
    found = connection.execute(find, (expression,)).fetchone()[0]
    return np.fromstring(found, np.int64, sep=",") if found else np.zeros(0, np.int64)
