"""Pictures whose name or caption holds every word of the query: they come first, before what only looks like it.

An encoder that has never seen a credit card still lets "credit card" find `credit-card.svg`.
"""

import re
import sqlite3
import unicodedata

import numpy as np

WORD = re.compile(r"[^\W_]+")
MOST = 8
"""a longer query is a description, not a name"""


def words(text: str) -> list[str]:
    """
    >>> words("Credit-card_2")
    ['credit', 'card', '2']
    """
    return WORD.findall(unicodedata.normalize("NFKC", text).lower())


def named(connection: sqlite3.Connection, query: str) -> np.ndarray:
    """Ids (n,) of the pictures whose name or captions hold all words of `query`, whole and in any order."""
    wanted = set(words(query))
    if not 0 < len(wanted) <= MOST:
        return np.zeros(0, dtype=np.int64)
    # SQLite's LIKE folds ASCII only and knows no words: it narrows, the exact test is ours
    narrowed = " AND ".join(["(name || ' ' || captions) LIKE ? ESCAPE '\\'"] * len(wanted))
    like = [f"%{word}%" for word in wanted] if all(word.isascii() for word in wanted) else ["%"] * len(wanted)
    rows = connection.execute(f"SELECT id, name, captions FROM picture WHERE {narrowed}", like)
    return np.array([id for id, name, captions in rows if wanted <= set(words(f"{name} {captions}"))], dtype=np.int64)
