"""Statistics of items, chance and bound, intervals."""

import numpy as np
import pytest

from sightline.measure.finding import RESAMPLES, Computed, Finding, MeanOf, Summed, drawn, interval


def finding(items: np.ndarray, **changes: object) -> Finding:
    usual = {"chance": 0.0, "chance_kind": "analytic", "bound": 1.0, "bound_kind": "labels"}
    return Finding(metric="m", statistic=MeanOf(items), **(usual | changes))  # type: ignore[arg-type]


def test_a_score_is_zero_at_chance_and_one_at_the_bound_whichever_is_greater() -> None:
    assert finding(np.array([0.25]), chance=0.25).score == 0
    assert finding(np.array([0.625]), chance=0.25).score == pytest.approx(0.5)
    lower_is_better = finding(np.array([0.2]), chance=1.0, bound=0.0)
    assert lower_is_better.score == pytest.approx(0.8)
    assert finding(np.array([2.0])).score == 1 and finding(np.array([-1.0])).score == 0


def test_a_bound_no_better_than_chance_and_a_value_that_is_no_number_score_nothing() -> None:
    assert finding(np.array([0.9]), bound=0.0).score == 0
    assert finding(np.array([np.nan])).score == 0


def test_statistics_of_drawn_items_equal_those_of_the_items_written_out() -> None:
    rng = np.random.default_rng(0)
    items, weights, rows = rng.random(7), rng.random(7), rng.random((7, 3))
    counts = rng.integers(0, 3, (5, 7)).astype(np.float32)
    for row in counts:
        index = np.repeat(np.arange(7), row.astype(int))
        one = row[None]
        assert MeanOf(items).over(one)[0] == pytest.approx(items[index].mean())
        assert MeanOf(items, weights).over(one)[0] == pytest.approx(np.average(items[index], weights=weights[index]))
        of_sum = Summed(rows, lambda total: total[:, 0] / total[:, 1]).over(one)[0]
        assert of_sum == pytest.approx(rows[index, 0].sum() / rows[index, 1].sum())
        assert Computed(7, lambda at: float(np.median(items[at]))).over(one)[0] == np.median(items[index])


def test_items_are_drawn_alike_for_every_encoder_and_families_are_drawn_whole() -> None:
    assert (drawn(20, "a") == drawn(20, "a")).all() and (drawn(20, "a") != drawn(20, "b")).any()
    family = ["x", "x", "y", "y", "y", "z"]
    counts = drawn(6, "a", family)
    assert counts.shape == (RESAMPLES, 6)
    assert (counts[:, 0] == counts[:, 1]).all() and (counts[:, 2] == counts[:, 4]).all()
    assert (counts[:, [0, 2, 5]].sum(axis=1) == 3).all()


def test_the_interval_of_a_mean_is_that_of_the_normal_law_and_a_familys_is_wider() -> None:
    items = np.random.default_rng(1).normal(size=400)
    low, high = interval(finding(items).resampled())
    assert (high - low) / 2 == pytest.approx(1.96 * items.std() / 20, rel=0.1)
    twins = np.repeat(items[:200], 2)
    alone = np.subtract(*interval(finding(twins).resampled())[::-1])
    together = np.subtract(*interval(finding(twins, family=[*np.repeat(np.arange(200), 2)]).resampled())[::-1])
    assert together == pytest.approx(alone * 2**0.5, rel=0.15)


def test_a_value_within_a_domain_is_that_of_its_items_alone() -> None:
    found = finding(np.array([0.0, 1.0, 1.0]), domain=["a", "a", "b"])
    assert found.within("a") == 0.5 and found.within("b") == 1.0
    with pytest.raises(ValueError, match="knows no domains"):
        finding(np.array([1.0])).within("a")
