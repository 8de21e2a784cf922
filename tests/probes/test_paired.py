import numpy as np
import pytest
from scipy.stats import ttest_rel

from sightline.probes.paired import interval, paired, standard_error


def hits(n, p, seed):
    return np.random.default_rng(seed).random(n) < p


def test_the_difference_in_errors_is_the_paired_t_statistic():
    a, b = hits(500, 0.6, 0), hits(500, 0.5, 1)
    found = paired(a, b)
    assert found.value == pytest.approx(a.mean() - b.mean()) and found.n == 500
    assert found.errors == pytest.approx(ttest_rel(a.astype(float), b.astype(float)).statistic)
    back = paired(b, a)
    assert (back.value, back.error) == pytest.approx((-found.value, found.error))


def test_pairs_that_share_their_luck_have_a_smaller_error_than_two_independent_accuracies():
    a = hits(2000, 0.5, 0)
    b = np.where(np.arange(2000) % 50 == 0, ~a, a)
    assert paired(a, b).error < 0.3 * np.hypot(standard_error(a.mean(), 2000), standard_error(b.mean(), 2000))


def test_equal_scores_differ_by_no_errors_and_certain_ones_by_infinitely_many():
    assert paired([1, 0, 1], [1, 0, 1]).errors == 0
    assert paired([1, 1, 1], [0, 0, 0]).errors == np.inf and paired([0, 0], [1, 1]).errors == -np.inf


def test_the_bootstrap_interval_is_that_of_the_normal_law_where_items_are_many():
    a, b = hits(4000, 0.55, 2), hits(4000, 0.5, 3)
    found = paired(a, b)
    low, high = interval(a, b)
    assert (low, high) == pytest.approx((found.value - 1.96 * found.error, found.value + 1.96 * found.error), abs=2e-3)
    assert interval(a, b) == interval(a, b) != interval(a, b, seed=1)


def test_families_widen_the_interval_by_the_root_of_their_size():
    a, b = hits(400, 0.6, 4), hits(400, 0.5, 5)
    alone = np.diff(interval(a, b, resamples=4000))[0]
    family = np.repeat(np.arange(400), 4)
    together = np.diff(interval(a.repeat(4), b.repeat(4), family=family, resamples=4000))[0]
    apart = np.diff(interval(a.repeat(4), b.repeat(4), resamples=4000))[0]
    assert together == pytest.approx(alone, rel=0.1) and apart == pytest.approx(alone / 2, rel=0.1)


def test_scores_of_other_items_are_refused():
    with pytest.raises(ValueError, match="of the same items"):
        paired([1, 0], [1, 0, 1])
    with pytest.raises(ValueError, match="2 items came with 3 families"):
        interval([1, 0], [0, 1], family=[1, 2, 3])
