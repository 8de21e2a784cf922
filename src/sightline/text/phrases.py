"""The short phrases of captions that may name a thing in the picture: their n-grams, without what names nothing.

LocCa (Wan et al. 2024, https://arxiv.org/abs/2403.19596) has a detector look for the n-grams of a caption, as OWLv2
(Minderer et al. 2023, https://arxiv.org/abs/2306.09683) labelled the web. Ours: a phrase crosses no mark and no word of
`BREAK`, so that it has no two things in it, and is shorter.
"""

import re
from collections.abc import Iterator, Sequence

from sightline.text.stop import STOP

LONGEST = 4
"""words of a phrase; ours, the paper's have up to 10"""
MOST = 64
"""phrases of a picture"""
JOINS = "of"
"""may stand within a phrase, never at its ends: "4 of 5 stars" """
ABSENT = frozenset({"no", "without"})
"""what follows is not in the picture"""
ARTICLES = frozenset({"a", "an", "the"})
BREAK = (STOP - {JOINS} | ABSENT) | frozenset(
    """about above across against all along amid among another around away back background beside below beneath
    bottom center centre close corner down during each front image inside left like look looking looks many middle near
    next not off other out outside over photo photograph picture right several show showing shown shows side sides
    through top toward towards under underneath up upper very view while lower both between behind being they're it's
    onto two three four five six seven eight nine ten""".split()
)
"""words that stand in no phrase: small words, places, numbers, and what every picture is"""
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def phrases(captions: Sequence[str], longest: int = LONGEST, most: int = MOST) -> list[str]:
    """The first `most` different phrases of up to `longest` words, in lower case, in the order of the captions and of
    their words; of those that begin with the same word the longest comes first. One of digits alone is none.

    >>> phrases(["A red heart left of a blue gear.", "The red heart, 4 of 5 stars"])[:6]
    ['red heart', 'red', 'heart', 'blue gear', 'blue', 'gear']
    >>> phrases(["4 of 5 stars"])
    ['4 of 5 stars', '5 stars', 'stars']
    """
    found: dict[str, None] = {}
    for caption in captions:
        for run in _runs(caption):
            for first in range(len(run)):
                for end in range(min(first + longest, len(run)), first, -1):
                    words = run[first:end]
                    if JOINS not in (words[0], words[-1]) and any(map(_names, words)):
                        found.setdefault(" ".join(words))
    return list(found)[:most]


def _names(word: str) -> bool:
    return word != JOINS and any(map(str.isalpha, word))


def _runs(caption: str) -> Iterator[list[str]]:
    """Words in a row with nothing but space between them, none of `BREAK`; not those after a word of `ABSENT`."""
    run: list[str] = []
    end, absent = 0, False
    for match in WORD.finditer(caption):
        word = match[0].lower().replace("’", "'")
        marked = bool(caption[end : match.start()].strip())
        end = match.end()
        if marked or word in BREAK:
            yield run
            run, absent = [], word in ABSENT or (absent and not marked and word in ARTICLES)
        if word not in BREAK and not absent:
            run.append(word)
    yield run
