"""Words of names, captions and queries: one rule for all three, so that `credit-card_2`, `creditCard` and "Credit card"
meet; and a query as an expression of FTS5 in which nothing typed is syntax.

Stored words are made here, not by triggers: SQLite cannot split `creditCard`. A run of Han or Kana has no spaces and is
one word; it is found by itself and by how it starts, as is the last word of a query that is still being typed.
"""

import re
import unicodedata
from collections.abc import Iterable

from sightline.data.sources.caption import CAMEL

WORD = re.compile(r"[^\W_]+")
ACCENT = re.compile("[\u0300-\u036f]")
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]"
)
"""scripts without spaces, or whose words carry their endings: Thai, Lao, Burmese, Khmer, Kana, Han, Hangul"""
MOST = 32
"""distinct words of a query that are looked up"""
READ = 16_384
"""characters of a query that are read"""
CALLED = 64
"""words of the longest caption that can be typed whole"""


def words(text: str) -> list[str]:
    """Runs of letters and digits, split at capitals, without case and accents.

    >>> words("Credit-card_2, creditCard, HTMLFile, Crème")
    ['credit', 'card', '2', 'credit', 'card', 'html', 'file', 'creme']
    """
    text = unicodedata.normalize("NFKC", text[:READ])
    text = " ".join(CAMEL.split(text)).casefold()
    # only the accents of Latin, Greek and Cyrillic: Kana and Devanagari have marks that make another letter
    return WORD.findall(unicodedata.normalize("NFKC", ACCENT.sub("", unicodedata.normalize("NFD", text))))


def stored_words(text: str) -> str:
    """The words of one name or caption, as they are stored.

    >>> stored_words("arrowLeft@2x")
    'arrow left 2x'
    """
    return " ".join(words(text))


def stored_lines(texts: Iterable[str]) -> str:
    """Several names or captions, each on a line of its own; empty ones and repetitions left out.

    >>> stored_lines(["credit-card", "Credit card", "🦊", "payment"])
    'credit card\\npayment'
    """
    return "\n".join(dict.fromkeys(filter(None, map(stored_words, texts))))


def any_of(query: str) -> str | None:
    """The FTS5 expression for pictures with any of the words of `query`; None where it has no words.

    The last word, which may be half typed, and words of unspaced scripts also stand for all that start like them.

    >>> any_of('credit NEAR(car')
    '"credit" OR "near" OR "car"*'
    """
    return " OR ".join(_looked_up(query)) or None


def all_of(query: str) -> str | None:
    """The same for pictures with every word.

    >>> all_of('credit NEAR(car')
    '"credit" AND "near" AND "car"*'
    """
    return " AND ".join(_looked_up(query)) or None


def _looked_up(query: str) -> list[str]:
    # bm25 adds up over the terms of an expression: each word once
    wanted = list(dict.fromkeys(words(query)))[:MOST]
    return [f'"{word}"{"*" if _open(word, word == wanted[-1]) else ""}' for word in wanted]


def exact_line(query: str) -> str | None:
    """The words of `query` as a stored line of a name or caption would hold them; None where none is that long."""
    wanted = words(query)
    return " ".join(wanted) if 0 < len(wanted) <= CALLED else None


def _open(word: str, last: bool) -> bool:
    # a single Latin letter starts a tenth of all words
    return bool(UNSPACED.search(word)) or (last and len(word) > 1)
