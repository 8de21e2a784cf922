from math import log

import numpy as np

from sightline.probes.bm25 import BM25, words

DOCUMENTS = ["credit card", "card", "Credit-Card payment card", "arrow up", "", "up up up and away"]


def naive(documents, query, k1=1.2, b=0.75):
    parts = [words(d) for d in documents]
    mean = sum(map(len, parts)) / len(parts)
    scores = []
    for part in parts:
        score = 0.0
        for word in words(query):
            holding = sum(word in other for other in parts)
            idf = log(1 + (len(parts) - holding + 0.5) / (holding + 0.5))
            f = part.count(word)
            score += idf * f * (k1 + 1) / (f + k1 * (1 - b + b * len(part) / mean))
        scores.append(score)
    return scores


def test_scores_equal_the_formula_written_as_loops():
    queries = ["credit card", "up", "up up", "nothing here", "", "CARD arrow"]
    np.testing.assert_allclose(BM25().fit(DOCUMENTS).scores(queries), [naive(DOCUMENTS, q) for q in queries])


def test_nothing_fitted_and_nothing_asked_give_empty_tables():
    assert BM25().fit([]).scores(["a"]).shape == (1, 0)
    assert BM25().fit(["a", "b"]).scores([]).shape == (0, 2)
