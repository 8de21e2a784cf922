from itertools import permutations

import numpy as np
import pytest

from sightline.probes.instances.precision import at_hits, average_precision, best_first, levels, trapezoid


def revisited(ranks):
    """compute_ap of Oxford and Paris revisited, of the zero-based ranks of the right ones, junk taken out."""
    area = 0.0
    for j, rank in enumerate(ranks):
        without = 1.0 if rank == 0 else j / rank
        area += (without + (j + 1) / (rank + 1)) / (2 * len(ranks))
    return area


def counted(ranks):
    """Of re-identification: the precision at each right one."""
    return float(np.mean([(j + 1) / (rank + 1) for j, rank in enumerate(ranks)]))


def market(ranks, count):
    """compute_AP of Market-1501's code, a candidate at a time."""
    old_recall, old_precision, area, found = 0.0, 1.0, 0.0, 0
    for rank in range(count):
        found += rank in ranks
        recall, precision = found / len(ranks), found / (rank + 1)
        area += (recall - old_recall) * (old_precision + precision) / 2
        old_recall, old_precision = recall, precision
    return area


def every_order(scores, right):
    """Ranks of the right ones in every order of the candidates that scores allow."""
    for order in permutations(range(len(scores))):
        if all(scores[a] >= scores[b] for a, b in zip(order, order[1:], strict=False)):
            yield [place for place, item in enumerate(order) if right[item]]


def among_first(scores, right, ks):
    order = best_first(scores)
    return levels(scores[order], right[order]).among_first(ks)


RULES = pytest.mark.parametrize(("rule", "naive"), [(at_hits, counted), (trapezoid, revisited)])


@RULES
@pytest.mark.parametrize("n", [1, 2, 17, 43])
def test_without_ties_it_is_the_published_loop(rule, naive, n):
    rng = np.random.default_rng(n)
    for _ in range(5):
        scores, right = rng.permutation(n).astype(float), rng.random(n) < 0.3
        right[rng.integers(n)] = True
        ranks = [place for place, item in enumerate(np.argsort(-scores)) if right[item]]
        assert average_precision(scores, right, rule) == pytest.approx(naive(ranks), abs=1e-12)
        assert average_precision(scores, right, trapezoid) == pytest.approx(market(ranks, n), abs=1e-12)


@RULES
def test_of_ties_it_is_the_mean_over_every_order(rule, naive):
    rng = np.random.default_rng(1)
    for _ in range(12):
        scores, right = rng.integers(0, 3, 7).astype(float), rng.random(7) < 0.4
        right[rng.integers(7)] = True
        expected = np.mean([naive(ranks) for ranks in every_order(scores, right)])
        assert average_precision(scores, right, rule) == pytest.approx(expected, abs=1e-12)
        for k in (1, 2, 5, 9):
            hit = np.mean([min(ranks) < k for ranks in every_order(scores, right)])
            assert among_first(scores, right, [k])[0] == pytest.approx(hit, abs=1e-12)


def test_a_perfect_order_is_one_and_the_trapezoid_is_never_above_the_hits():
    right = np.array([True, True, False, False])
    assert average_precision(np.array([4.0, 3, 2, 1]), right, at_hits) == 1.0
    assert average_precision(np.array([4.0, 3, 2, 1]), right, trapezoid) == 1.0
    rng = np.random.default_rng(2)
    for _ in range(20):
        scores, right = rng.normal(size=11), np.arange(11) < 3
        assert average_precision(scores, right, trapezoid) <= average_precision(scores, right, at_hits) + 1e-12


def test_a_constant_encoder_gets_what_random_orders_get():
    right = np.arange(30) < 4
    rng = np.random.default_rng(3)
    drawn = [average_precision(rng.normal(size=30), right) for _ in range(4000)]
    assert average_precision(np.ones(30), right) == pytest.approx(np.mean(drawn), abs=0.01)
    assert among_first(np.ones(30), right, [1])[0] == pytest.approx(4 / 30)


def test_no_right_candidate_and_unequal_shapes_are_refused():
    with pytest.raises(ValueError, match="leave the query out"):
        average_precision(np.ones(3), np.zeros(3, bool))
    with pytest.raises(ValueError, match="must be one row each"):
        average_precision(np.ones(3), np.ones(2, bool))
