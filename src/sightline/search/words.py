"""Words of names, captions and queries: one rule for all three, so that `credit-card_2`, `creditCard` and "Credit card"
meet; and the words of a query as FTS5 looks for them, so that nothing typed is syntax.

Words that say nothing of a picture ("a", "of", "with") are looked up only where a query has no others.

Stored words are made here, not by triggers: SQLite cannot split `creditCard`. A run of Han or Kana has no spaces and is
one word; it is found by itself and by how it starts, as is the last word of a query that is still being typed.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sightline.data.sources.caption import CAMEL
from sightline.text.stop import STOP

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


class Term(NamedTuple):
    """A word of a query as FTS5 looks for it."""

    typed: str
    """so that longer ones are found too where it may be half typed"""
    word: str
    """as it stands"""


def terms(query: str) -> list[Term]:
    """The distinct words of a query that are looked up.

    The last, which may be half typed, also stands for all that start like it, and words of unspaced scripts always do.

    >>> terms("credit NEAR(car")
    [Term(typed='"credit"', word='"credit"'), Term(typed='"near"', word='"near"'), Term(typed='"car"*', word='"car"')]
    """
    last = half_typed(query)
    return [Term(expression(one, typing=one == last), expression(one, typing=False)) for one in telling(query)]


def inside_of(folders: Sequence[str]) -> str:
    """The expression for pictures in any of `folders`, each given as stored words.

    >>> inside_of(["lucide", "nav arrows"])
    'within : ("lucide" OR "nav arrows")'
    """
    phrases = [f'"{folder}"' for folder in folders]
    return f"within : ({' OR '.join(phrases)})"


def telling(query: str) -> list[str]:
    """The distinct words of `query` that are looked up, in their order.

    >>> telling("a heart of the heart"), telling("to be or")
    (['heart'], ['to', 'be', 'or'])
    """
    wanted = list(dict.fromkeys(words(query)))
    return ([word for word in wanted if word not in STOP] or wanted)[:MOST]


def expression(word: str, *, typing: bool) -> str:
    """One word as FTS5 looks for it; `typing` where it may be the start of a longer one, if it is no single letter: one
    of those starts a tenth of all words.
    """
    return f'"{word}"{"*" if UNSPACED.search(word) or (typing and len(word) > 1) else ""}'


def half_typed(query: str) -> str | None:
    """The word that may be half typed: the last, unless that is one that says nothing."""
    wanted = telling(query)
    return wanted[-1] if wanted and words(query)[-1] in wanted else None


def exact_line(query: str) -> str | None:
    """The words of `query` as a stored line of a name or caption would hold them; None where none is that long."""
    wanted = words(query)
    return " ".join(wanted) if 0 < len(wanted) <= CALLED else None
