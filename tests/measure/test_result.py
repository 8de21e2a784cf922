"""Scores of properties, gains, differences and what may stand side by side."""

import numpy as np
import pytest

from sightline.measure.finding import Finding, MeanOf
from sightline.measure.report.json_form import as_json, rows
from sightline.measure.report.result import Measured, Report, Row, compared


def row(metric: str, items: np.ndarray, **changes: object) -> Row:
    usual = {"chance": 0.0, "chance_kind": "analytic", "bound": 1.0, "bound_kind": "labels", "items": metric}
    return Row("density", "scenes", metric, Finding(metric=metric, statistic=MeanOf(items), **(usual | changes)))  # type: ignore[arg-type]


def measured(name: str, *rows: Row, kind: str = "encoder") -> Measured:
    return Measured(name, kind, {"shape": "s"}, list(rows))


def hits(share: float, n: int = 200, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(n) < share).astype(float)


def test_a_property_is_the_mean_of_its_scored_metrics_and_no_more_than_its_cap() -> None:
    one, other = row("a", np.full(10, 0.8)), row("b", np.full(10, 0.4))
    told = row("c", np.full(10, 1.0), scored=False)
    score = measured("x", one, other, told).score("density")
    assert score is not None and score.value == pytest.approx(0.6)
    capped = measured("x", one, row("b", np.full(10, 0.1), caps=True)).score("density")
    assert capped is not None and capped.value == pytest.approx(0.1)
    assert measured("x", one).score("text") is None


def test_a_gain_is_over_the_better_reference_and_never_below_zero() -> None:
    mine = measured("x", row("a", hits(0.8)))
    pixels = measured("pixels", row("a", hits(0.5, seed=1)), kind="pixels")
    random = measured("random", row("a", hits(0.3, seed=2)), kind="random")
    report = Report([mine, pixels, random], [])
    gain = report.gain(mine, "density")
    assert gain is not None and gain.value == pytest.approx(hits(0.8).mean() - hits(0.5, seed=1).mean())
    assert 0 < gain.ci[0] < gain.value < gain.ci[1]
    own = report.gain(random, "density")
    assert own is not None and own.value == 0 and own.ci[0] <= 0 <= own.ci[1]


def test_a_metric_the_references_lack_counts_as_chance_for_them() -> None:
    mine = measured("x", row("a", np.full(10, 0.6)), row("words", np.full(10, 0.8)))
    pixels = measured("pixels", row("a", np.full(10, 0.6)), kind="pixels")
    gain = Report([mine, pixels], []).gain(mine, "density")
    assert gain is not None and gain.value == pytest.approx(0.7 - 0.3)


def test_a_difference_on_the_same_items_is_paired() -> None:
    items = hits(0.5, 300)
    better = np.where(np.arange(300) < 12, 1.0, items)
    one, other = measured("a", row("m", better)), measured("b", row("m", items))
    found = compared(one, other, "density")
    assert found is not None and found.real and found.difference == pytest.approx((better - items).mean())
    # each interval by itself is wider than the whole difference
    score = one.score("density")
    assert score is not None and score.ci[1] - score.ci[0] > found.ci[1] - found.ci[0]
    same = compared(one, measured("c", row("m", better)), "density")
    assert same is not None and same.difference == 0 and not same.real


def test_rows_by_different_protocols_are_refused_side_by_side() -> None:
    one = measured("a", row("knn", hits(0.5), protocol={"k": 20}))
    other = measured("b", row("knn", hits(0.5), protocol={"k": 5}))
    with pytest.raises(ValueError, match="cannot stand side by side: k 20 and 5"):
        compared(one, other, "density")


def test_the_json_has_what_others_read_and_nothing_that_is_no_number() -> None:
    mine = measured("x", row("a", np.array([0.5, np.nan])))
    told = as_json(Report([mine], []))
    found = told["encoders"][0]["properties"]["density"]
    assert set(found) == {"score", "ci", "gain", "gain_ci", "metrics", "missing"}
    assert found["metrics"][0]["value"] is None and found["score"] == 0
    assert told["encoders"][0]["properties"]["text"]["score"] is None
    assert {"encoder", "property", "metric", "ci_lo", "chance_kind"} <= set(rows(Report([mine], []))[0])
