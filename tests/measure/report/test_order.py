"""What decides most stands first, and only a real order is called one."""

import re

import pytest

from sightline.measure.report.order import orders, ranked, sequence


def test_factors_stand_by_mean_rank_and_only_real_orders_are_claimed(told):
    found = {row["metric"].removeprefix("order: "): row for row in ranked(told["encoders"][0])}
    factors, real = sequence(found)
    assert [name for name, _ in factors] == ["subject", "colour", "style"]
    assert real == [True, False]
    plain = re.sub(r"<[^>]*>", "", orders(told))
    assert "subject 1.2 › colour 2.3 ≈ style 2.4" in plain


@pytest.mark.parametrize(("ci", "real"), [((0.1, 0.4), True), ((0.4, 0.6), False), ((0.6, 0.9), False)])
def test_a_pair_told_the_other_way_round_is_turned(ci, real):
    found = {"a": {"value": 1.0}, "b": {"value": 2.0}, "b before a": {"value": 0.3, "ci": list(ci)}}
    assert sequence(found)[1] == [real]


def test_without_orders_there_is_nothing():
    bare = {"name": "a", "kind": "encoder", "graphics": {k: {"metrics": []} for k in ("invariance", "semantics")}}
    assert orders({"encoders": [bare | {"beyond": {"metrics": []}}]}) == ""
