import numpy as np
import pytest

from sightline.search.rank.fuse import DEPTH, K, fused, reciprocal

NONE = np.array([], int)


def naive(rankings, pool):
    """The formula as in the paper, one picture at a time."""
    return [
        sum(1 / (K + list(ranking).index(one) + 1) for ranking in rankings if one in list(ranking)[:DEPTH])
        for one in pool
    ]


def test_scores_are_the_formula():
    random = np.random.default_rng(0)
    pool = np.sort(random.choice(10_000, 1500, replace=False))
    rankings = [random.permutation(pool)[:n] for n in (1400, 3, 0, 1001)]
    np.testing.assert_allclose(reciprocal(rankings, pool), naive(rankings, pool), rtol=1e-12)


def test_a_weight_counts_a_ranking_so_often():
    pool, rankings = np.arange(9), [np.array([3, 5, 1]), np.array([5, 8])]
    twice = reciprocal([rankings[0], *[rankings[1]] * 2], pool)
    np.testing.assert_allclose(reciprocal(rankings, pool, [1.0, 2.0]), twice, rtol=1e-12)


def test_agreement_wins_and_ties_go_by_cosine_then_number():
    pool = np.array([2, 4, 6, 8])
    cosines = np.array([0.1, 0.1, 0.9, 0.5])
    order = fused([np.array([8, 2]), np.array([6, 2])], NONE, NONE, pool, cosines)
    # 2 is second in both; 6 and 8 are first in one each: the cosine decides; 4 is in none
    assert order.tolist() == [2, 6, 8, 4]
    assert fused([], NONE, NONE, pool, cosines).tolist() == [6, 8, 2, 4]


def test_named_ones_come_first_whatever_the_ranks():
    pool, cosines = np.arange(4), np.array([0.9, 0.8, -0.2, -0.1])
    assert fused([np.array([0, 1]), np.array([0, 1])], np.array([2, 3]), NONE, pool, cosines).tolist() == [3, 2, 0, 1]


def test_those_that_hold_every_word_come_next_in_fused_order():
    pool, cosines = np.arange(5), np.array([0.9, 0.8, 0.1, 0.2, 0.3])
    looks = np.array([0, 1, 4, 3, 2])
    assert fused([looks, np.array([2])], np.array([3]), np.array([1, 2, 3]), pool, cosines).tolist() == [3, 2, 1, 0, 4]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_rankings_does_not_matter(seed):
    random = np.random.default_rng(seed)
    pool, cosines = np.arange(50), random.integers(0, 3, 50) / 3
    rankings = [random.permutation(50)[:n] for n in (50, 20, 30)]
    expected = fused(rankings, NONE, NONE, pool, cosines)
    assert fused(rankings[::-1], NONE, NONE, pool, cosines).tolist() == expected.tolist()
