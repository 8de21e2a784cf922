"""Invariance, retrieval, bits and dimensions by their definitions."""

import numpy as np
import pytest

from sightline.measure.density.content import cell, needed, principal, quantised
from sightline.measure.density.dimensions import Once, narrowed, nearest_two, two_nn
from sightline.measure.density.invariance import distances, matched, ratio
from sightline.measure.finding import Statistic
from sightline.probes.rankme import covariance_rank, rankme


def whole(statistic: Statistic) -> float:
    return float(statistic.over(np.ones((1, statistic.n)))[0])


def test_distances_and_ratio_equal_a_double_loop() -> None:
    rng = np.random.default_rng(0)
    clean, disturbed, picture = rng.standard_normal((7, 5)), rng.standard_normal((9, 5)), rng.integers(0, 7, 9)
    within, between = distances(clean, disturbed, picture)
    for q, i in enumerate(picture):
        assert within[q] == pytest.approx(sum((clean[i] - disturbed[q]) ** 2))
        assert between[q] == pytest.approx(np.mean([sum((clean[i] - clean[j]) ** 2) for j in range(7) if j != i]))
    weights = rng.random(9)
    expected = 1 - (weights * within).sum() / (weights * between).sum()
    assert whole(ratio(within, between, weights)) == pytest.approx(expected)


def test_one_vector_for_everything_is_not_invariant_but_undefined_and_counts_as_nought() -> None:
    same = np.ones((5, 4)) / 2
    assert whole(ratio(*distances(same, same, np.arange(5)), np.ones(5))) == 0.0


def test_retrieval_misses_on_a_tie_and_does_not_depend_on_the_order_of_candidates() -> None:
    clean = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    picture = np.array([0, 1, 2, 3])
    assert matched(clean, clean, picture).tolist() == [False, False, True, True]
    order = np.array([2, 0, 3, 1])
    assert matched(clean[order], clean, np.argsort(order)[picture]).tolist() == [False, False, True, True]


def test_bits_are_the_fewest_that_keep_95_percent_of_what_is_above_chance() -> None:
    right = np.zeros((100, 4))
    for code, count in enumerate((20, 57, 59, 60)):
        right[:count, code] = 1
    # above chance 0.2 there is 0.4, of which 0.38 must stay: 0.58
    assert whole(needed(right, np.array([2, 4, 8, 64]), 0.2)) == 3.0
    assert whole(needed(right, np.array([2, 8, 4, 64]), 0.2)) == 2.0
    assert whole(needed(right, np.array([2, 4, 8, 64]), 0.7)) == 6.0


def test_more_bits_are_closer_and_one_bit_is_the_side_of_the_mean() -> None:
    rows = np.random.default_rng(0).standard_normal((500, 3)) * [1.0, 2.0, 5.0]
    rows -= rows.mean(axis=0)
    errors = [np.abs(quantised(rows, cell(rows, b), b) - rows).mean() for b in (1, 2, 3, 4, 8)]
    assert (np.diff(errors) < 0).all()
    assert (np.sign(quantised(rows, cell(rows, 1), 1)) == np.where(rows < 0, -1, 1)).all()
    assert [len(np.unique(quantised(rows, cell(rows, b), b)[:, 0])) for b in (1, 2, 3)] == [2, 4, 8]


@pytest.mark.parametrize("shape", [(40, 9), (9, 40)])
def test_principal_axes_are_the_right_singular_vectors_by_falling_value(shape: tuple[int, int]) -> None:
    rows = np.random.default_rng(0).standard_normal(shape)
    axes = principal(rows, 128)
    _, _, right = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    assert axes.shape[1] == min(shape[0] - 1, shape[1])
    assert np.abs(axes.T @ right[: axes.shape[1]].T) == pytest.approx(np.eye(axes.shape[1]), abs=1e-6)
    assert principal(np.ones((5, 3)), 128).shape == (3, 0)


def test_ranks_of_known_clouds_are_those_of_the_reference() -> None:
    rng = np.random.default_rng(0)
    cloud = narrowed(rng.standard_normal((4096, 128)))
    assert rankme(cloud) == pytest.approx(127.5, abs=0.2)
    assert covariance_rank(cloud) == pytest.approx(126.0, abs=0.3)
    assert rankme(cloud + 5) == pytest.approx(52.6, abs=0.5)
    assert covariance_rank(cloud + 5) == pytest.approx(126.0, abs=0.3)
    few = narrowed(rng.standard_normal((4096, 8)) @ rng.standard_normal((8, 128)))
    assert 7.0 < rankme(few) < 8.0 and 6.0 < covariance_rank(few) < 8.0


def test_two_nn_finds_the_dimension_of_known_clouds() -> None:
    rng = np.random.default_rng(0)
    assert whole(two_nn(nearest_two(rng.standard_normal((3000, 10))))) == pytest.approx(9.8, abs=0.6)
    assert whole(two_nn(nearest_two(rng.random((3000, 5))))) == pytest.approx(4.9, abs=0.3)


def test_pictures_with_a_double_say_nothing_of_the_dimension() -> None:
    rows = np.random.default_rng(0).standard_normal((300, 4))
    twice = np.concatenate([rows, rows[:50]])
    away = nearest_two(twice)
    assert (away[:, 0] == 0).sum() == 100
    expected = 200 / np.log(away[50:300, 1] / np.maximum(away[50:300, 0], 1e-12))[away[50:300, 0] > 0].sum()
    assert (away[50:300, 0] > 0).sum() == 250
    assert whole(two_nn(away)) == pytest.approx(expected * 250 / 200)
    assert np.isnan(whole(two_nn(nearest_two(np.ones((5, 3))))))


def test_wide_vectors_are_projected_to_one_width_the_same_way_every_time() -> None:
    wide = np.random.default_rng(0).standard_normal((10, 300))
    assert narrowed(wide).shape == (10, 128) and (narrowed(wide) == narrowed(wide)).all()
    assert narrowed(wide[:, :64]).shape == (10, 64)


def test_a_rank_is_told_of_all_pictures_and_of_no_resample() -> None:
    assert Once(3, 7.0).over(np.array([[1, 1, 1], [2, 0, 1]]))[0] == 7.0
    assert np.isnan(Once(3, 7.0).over(np.array([[1, 1, 1], [2, 0, 1]]))[1])
