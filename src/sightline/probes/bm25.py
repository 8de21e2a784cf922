"""BM25 over short texts: what word matching alone finds, printed beside every text search (Robertson, Zaragoza 2009).

score(q, d) = sum over words w of q:  idf(w) * f (k1 + 1) / (f + k1 (1 - b + b |d| / mean |d|)),  k1 = 1.2, b = 0.75,
idf(w) = max(ln((n - n_w + 0.5) / (n_w + 0.5)), 1e-6); f times w stands in d, n texts, n_w of them hold w. A word said
twice in the query counts twice. This is the `bm25` of SQLite's FTS5, and of `search` where no word is repeated; its
tokenizer `unicode61` lower-cases runs of letters and digits; nothing is stemmed and accents are kept.
"""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing

import numpy as np

WORD = re.compile(r"[^\W_]+")


def bm25(documents: Sequence[str], queries: Sequence[str]) -> np.ndarray:
    """Float64 (queries, documents), larger is better; 0 where query and document share no word."""
    scores = np.zeros((len(queries), len(documents)))
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'unicode61 remove_diacritics 0')")
        connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", enumerate(documents))
        for row, query in enumerate(queries):
            if expression := any_word(query):
                # SQLite's bm25 is negative, so that the best come first when sorted
                find = "SELECT rowid, -bm25(words) FROM words WHERE words MATCH ?"
                for document, score in connection.execute(find, (expression,)):
                    scores[row, document] = score
    return scores


def any_word(query: str) -> str:
    """The FTS5 expression that finds the documents with any word of `query`; empty where it has none.

    >>> any_word("Credit-Card, 24px")
    '"Credit" OR "Card" OR "24px"'
    """
    return " OR ".join(f'"{word}"' for word in WORD.findall(query))
