"""A word of a query that is nowhere in the library, and the one of its words that is a letter away.

Nearness is one edit of Damerau 1964 ("A technique for computer detection and correction of spelling errors"): a letter
left out, put in, changed, or two neighbours exchanged. All such words are looked up at once, so that no list of the
library's words need be kept.
"""

import sqlite3
import string
from collections import Counter
from collections.abc import Iterator

from sightline.search.words import UNSPACED, expression, half_typed, telling

SHORTEST, LONGEST = 4, 24
"""letters; nearly every shorter word is a letter away from another, and a longer one has too many neighbours"""
MOST = 4
"""unknown words of a query that are looked at: more of them are no slip"""
AT_ONCE = 200
"""words of one expression"""
ROWS = 200
"""rows read for each expression: enough to tell a usual word from a rare one"""


def suggestion(connection: sqlite3.Connection, query: str) -> str | None:
    """The words of `query` with those that no picture has replaced by near ones that some have.

    None where every word is known, or none of the unknown ones is near another.
    """
    last, wanted = half_typed(query), telling(query)
    unknown = [word for word in wanted if not _known(connection, word, word == last)]
    if len(unknown) > MOST:
        return None
    meant = {word: near for word in unknown if (near := near_word(connection, word))}
    return " ".join(meant.get(word, word) for word in wanted) if meant else None


def near_word(connection: sqlite3.Connection, word: str) -> str | None:
    """The word of a name, caption or term that is one edit from `word`; None where there is none.

    Of several the one that begins as `word` does, then the commonest.
    """
    if not SHORTEST <= len(word) <= LONGEST or not word.isalpha() or UNSPACED.search(word):
        return None
    near, found = sorted(set(one_edit(word)) - {word}), Counter[str]()
    for start in range(0, len(near), AT_ONCE):
        some = near[start : start + AT_ONCE]
        any_of_them = " OR ".join(f'"{one}"' for one in some)
        rows = connection.execute(
            "SELECT called, said FROM words WHERE words MATCH ? LIMIT ?", (f"{{called said}} : ({any_of_them})", ROWS)
        )
        for called, said in rows:  # FTS5 found a stem: which of the words it was stands in the row
            found.update(set(some).intersection(called.split() + said.split()))
    return min(found, key=lambda one: (one[0] != word[0], -found[one], one), default=None)


def one_edit(word: str) -> Iterator[str]:
    """Every string of letters that is one edit from `word`, some of them twice.

    >>> {"heart", "hat", "haet", "heal"} <= set(one_edit("heat")), "hearts" in one_edit("heat")
    (True, False)
    """
    letters = alphabet(word)
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        yield from (head + letter + tail for letter in letters)
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in letters)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]


def alphabet(word: str) -> list[str]:
    """The letters that `word` may have been meant to hold: those of its own part of Unicode, in lower case.

    >>> "".join(alphabet("heart"))
    'abcdefghijklmnopqrstuvwxyz'
    """
    if word.isascii():
        return list(string.ascii_lowercase)
    blocks = {ord(letter) // 128 for letter in word}
    if len(blocks) > 2:  # of many scripts: no slip, and too many letters
        return []
    every = (chr(number) for block in blocks for number in range(128 * block, 128 * block + 128))
    return sorted({letter for letter in every if letter.isalpha() and letter == letter.casefold()})


def _known(connection: sqlite3.Connection, word: str, typing: bool) -> bool:
    find = "SELECT 1 FROM words WHERE words MATCH ? LIMIT 1"
    return connection.execute(find, (expression(word, typing=typing),)).fetchone() is not None
