"""Which words of a query a picture was found by, as the index finds them: `cards` by `card`, a last word half typed."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing

from sightline.search.read import Hit
from sightline.search.words import stored_lines, terms, words

ON, OFF = "\2", "\3"


def words_found(query: str, hits: Sequence[Hit]) -> list[tuple[str, ...]]:
    """For each of a few `hits` the distinct words of its name, captions, terms and folders that the query's words find.

    They are looked up in a table of these hits alone: of a large library it would take longer than the search.
    """
    expression = " OR ".join(term.typed for term in terms(query))
    if not expression:
        return [()] * len(hits)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE few USING fts5 (line, tokenize = 'porter unicode61')")
        texts = [stored_lines([hit.name, *hit.captions, *hit.folders]) for hit in hits]
        connection.executemany("INSERT INTO few (rowid, line) VALUES (?, ?)", enumerate(texts))
        find = "SELECT rowid, highlight(few, 0, ?, ?) FROM few WHERE few MATCH ?"
        marked = dict(connection.execute(find, (ON, OFF, expression)).fetchall())
    return [_marked(marked.get(number, "")) for number in range(len(hits))]


def _marked(line: str) -> tuple[str, ...]:
    """The distinct marked words of a line in which neighbours may be marked together."""
    runs = [part.partition(OFF)[0] for part in line.split(ON)[1:]]
    return tuple(dict.fromkeys(word for run in runs for word in words(run)))
