"""BM25 over short texts: what word matching alone finds, printed beside every text search (Robertson, Zaragoza 2009).

score(q, d) = sum over words w of q:  idf(w) * f (k1 + 1) / (f + k1 (1 - b + b |d| / mean |d|)),
idf(w) = ln(1 + (n - n_w + 0.5) / (n_w + 0.5)); f times w stands in d, n texts, n_w of them hold w. A word said twice
in the query counts twice. Words are lower-cased runs of letters and digits, nothing is stemmed.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np

WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """
    >>> words("Credit-Card, 24px")
    ['credit', 'card', '24px']
    """
    return WORD.findall(unicodedata.normalize("NFKC", text).lower())


class BM25:
    """`fit` counts the words of the documents, `scores` ranks them for queries."""

    def __init__(self, k1: float = 1.2, b: float = 0.75) -> None:
        self.k1, self.b = k1, b

    def fit(self, documents: Sequence[str]) -> "BM25":
        counts = [Counter(words(document)) for document in documents]
        lengths = np.array([sum(count.values()) for count in counts], dtype=np.float64)
        self.n_ = len(counts)
        penalty = self.k1 * (1 - self.b + self.b * lengths / max(lengths.mean(), 1e-12)) if self.n_ else lengths
        rows: dict[str, list[int]] = {}
        for row, count in enumerate(counts):
            for word in count:
                rows.setdefault(word, []).append(row)
        self.postings_: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for word, where in rows.items():
            at = np.array(where)
            f = np.array([counts[row][word] for row in where], dtype=np.float64)
            idf = np.log1p((self.n_ - len(where) + 0.5) / (len(where) + 0.5))
            self.postings_[word] = (at, idf * f * (self.k1 + 1) / (f + penalty[at]))
        return self

    def scores(self, queries: Sequence[str]) -> np.ndarray:
        """Float64 (queries, documents); 0 where no word is shared."""
        table = np.zeros((len(queries), self.n_))
        for row, query in enumerate(queries):
            for word, times in Counter(words(query)).items():
                if word in self.postings_:
                    at, gain = self.postings_[word]
                    table[row, at] += times * gain
        return table
