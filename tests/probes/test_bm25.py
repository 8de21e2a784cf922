from math import log

import numpy as np
import pytest

from sightline.probes.bm25 import bm25

DOCUMENTS = ["credit card", "card", "Credit-Card payment card", "arrow up", "", "up up up and away", "Élan vital, 24px"]


def naive(documents, query, k1=1.2, b=0.75):
    parts = [d.lower().replace("-", " ").replace(",", "").split() for d in documents]
    mean = sum(map(len, parts)) / len(parts)
    scores = []
    for part in parts:
        score = 0.0
        for word in query.lower().split():
            holding = sum(word in other for other in parts)
            idf = max(log((len(parts) - holding + 0.5) / (holding + 0.5)), 1e-6)
            f = part.count(word)
            score += idf * f * (k1 + 1) / (f + k1 * (1 - b + b * len(part) / mean))
        scores.append(score)
    return scores


def test_scores_equal_the_formula_written_as_loops():
    queries = ["credit card", "up", "up up", "nothing here", "", "CARD arrow", "élan", "elan", "and away and vital"]
    np.testing.assert_allclose(bm25(DOCUMENTS, queries), [naive(DOCUMENTS, q) for q in queries])


def test_a_word_of_most_documents_still_counts_for_a_little():
    scores = bm25(["icon arrow", "icon", "icon star"], ["icon"])
    assert (0 < scores).all() and (scores < 1e-5).all()


@pytest.mark.parametrize("query", ['"', "a OR", "NEAR(up", "up*", "text: up", "- ( ) ^ ' ;"])
def test_nothing_in_a_query_is_syntax(query):
    assert bm25(["up"], [query])[0, 0] == (bm25(["up"], ["up"])[0, 0] if "up" in query else 0)


def test_a_query_may_be_a_page_long():
    assert bm25(["up", "down"], [" ".join(f"word{i}" for i in range(5000)) + " up"])[0].tolist() == [
        bm25(["up", "down"], ["up"])[0, 0],
        0.0,
    ]


def test_no_documents_and_no_queries_give_empty_tables():
    assert bm25([], ["a"]).shape == (1, 0)
    assert bm25(["a", "b"], []).shape == (0, 2)
