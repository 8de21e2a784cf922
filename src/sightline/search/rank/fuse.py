"""Rankings made one: words, vectors, feedback, by reciprocal rank fusion, with pictures called by the query first,
then those that hold all its words, then the others that are relevant.

G. V. Cormack, C. L. A. Clarke, S. Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
Methods", SIGIR 2009:  score(d) = sum over rankings r of 1 / (K + rank_r(d)),  ranks from 1; a ranking that does not
hold d adds nothing. BM25 and cosines have no common scale; ranks need none.

Departures: K is 10 (the paper has 60, for rankings of thousands); each ranking counts to its DEPTH only, so that the
answer does not depend on how many results are asked for; what no ranking holds follows by cosine; a picture whose name
or caption is the query comes first whatever the ranks, after those what holds every word of it, and after those what is
relevant (relevance.py), so that nothing less likely stands between.
"""

from collections.abc import Sequence

import numpy as np

K = 10  # ours
"""The smaller, the more the first places of one ranking outweigh agreement further down.

R@10 on 1,395 built-in icons with K 10 / 20 / 60: by a term that is written nowhere .194 / .191 / .187, by a written
term .904 / .903 / .899, by a word of the label and a term .972 / .950 / .923. Half the weight for words gains two
points of the first and loses ten of the others.
"""
DEPTH = 1000
"""places of a ranking that count"""


WRITTEN = 0.25  # ours
"""weight of BM25 beside words against words, which find a written word too; without those it has 1, as the others"""
SAID = 2.0  # ours
"""weight of the ranking by words against words; the others have 1 (benchmarks/words/words_against_words.py)"""


def reciprocal(rankings: Sequence[np.ndarray], pool: np.ndarray, weights: Sequence[float] | None = None) -> np.ndarray:
    """Scores (n,) of the distinct `pool` (n,), ascending; each ranking is a part of the pool, best first.

    A ranking counts `weights` times, once where none are given.

    >>> reciprocal([np.array([7, 3]), np.array([3])], np.array([3, 5, 7])).round(4).tolist()
    [0.1742, 0.0, 0.0909]
    """
    scores = np.zeros(len(pool))
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        counted = ranking[:DEPTH]
        scores[np.searchsorted(pool, counted)] += weight / (K + 1 + np.arange(len(counted)))
    return scores


def among(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of `some` (n,) are among `others`, both whole numbers."""
    # by a table of the numbers: an eighth of the time of sorting both, which numpy prefers for its memory
    return np.isin(some, others, kind="table")


def fused(
    rankings: Sequence[np.ndarray],
    named: np.ndarray,
    held: np.ndarray,
    pool: np.ndarray,
    cosines: np.ndarray,
    weights: Sequence[float] | None = None,
    relevant: np.ndarray | None = None,
    behind: np.ndarray | None = None,
) -> np.ndarray:
    """The `pool` (n,) in the order of the answer: `named` ones by cosine, then those that `held` every word, then those
    that are `relevant`, then the rest, each by fused score, cosine and number; what is `behind` after all of them.

    `pool` is ascending and holds everything in `rankings` and `named`; `cosines` (n,) are the pool's.
    """
    called = among(pool, named)
    likely = np.zeros(len(pool), bool) if relevant is None else among(pool, relevant)
    last = np.zeros(len(pool), bool) if behind is None or not len(behind) else among(pool, behind)
    tier = np.select([last, called, among(pool, held), likely], [4, 0, 1, 2], default=3)
    scores = np.where(called, 0.0, reciprocal(rankings, pool, weights))
    # rounded, since a sum of the same two numbers in another order must not decide
    return pool[np.lexsort((pool, -cosines, -scores.round(12), tier))]
