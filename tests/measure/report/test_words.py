"""Only what the paired intervals show is claimed."""

from copy import deepcopy

import pytest

from sightline.measure.report.words import differences, judged, scored, short_names, verdicts


def named(told, aspect):
    return next(v for v in verdicts(told) if v.aspect == aspect)


def test_a_real_difference_is_claimed_with_its_size(told):
    found = named(told, "density")
    row = differences(told, "density")["dino", "clip"]
    assert found.best == "dino" and row["real"]
    assert f"clip by {scored(row['difference'], row['ci'])}" in found.others and "Really ahead" in found.others


def test_what_cannot_be_told_is_not_claimed(told):
    changed = deepcopy(told)
    for row in changed["comparisons"]:
        row["real"] = False
    for found in verdicts(changed):
        assert "ahead" not in found.text
    assert "No difference can be told between it and clip" in named(changed, "density").others


def test_the_highest_that_is_behind_on_common_metrics_is_said_to_be(told):
    changed = deepcopy(told)
    for row in changed["comparisons"]:
        if row["property"] == "density" and {row["a"], row["b"]} == {"clip", "dino"}:
            row["difference"], row["ci"], row["real"] = 0.2, [0.1, 0.3], True
    assert "On the metrics that both have, clip is really ahead of it." in named(changed, "density").others


def test_an_encoder_that_gains_nothing_is_not_recommended(told):
    changed = deepcopy(told)
    for encoder in changed["encoders"]:
        encoder["properties"]["spatial"]["gain_ci"] = [0.0, 0.2]
    found = named(changed, "spatial")
    assert not found.best and found.text.startswith("None is shown to do better than raw pixels")


def test_what_nobody_could_be_asked_has_its_reason(told):
    changed = deepcopy(told)
    for encoder in changed["encoders"]:
        judged(encoder, "text").update(score=None, ci=None, gain=None, gain_ci=None)
        judged(encoder, "text")["missing"] = [{"suite": "s", "task": "t", "reason": "no picture has a caption"}]
    assert named(changed, "text").text == "Not measured: no picture has a caption."


def test_encoders_without_the_property_are_named(told):
    assert named(told, "text").best == "clip" and "Not measured of dino" in named(told, "text").others


@pytest.mark.parametrize(("ci", "said"), [((0.1, 0.2), "0.15 (0.10 to 0.20)"), (None, "0.15"), ((None, 0.2), "0.15")])
def test_a_number_stands_with_its_interval(ci, said):
    assert scored(0.15, ci) == said


def test_a_path_is_called_by_the_shortest_end_that_no_other_has():
    names = ["runs/a/clip", "runs/b/clip", "runs/b/dino/", "timm:vit", "clip.onnx", "pixels", "C:\\runs\\mae"]
    called = short_names({"encoders": [{"name": name} for name in names]})
    assert list(called.values()) == ["a/clip", "b/clip", "dino", "timm:vit", "clip.onnx", "pixels", "mae"]


def test_one_path_that_is_the_end_of_another_stays_whole():
    called = short_names({"encoders": [{"name": "clip"}, {"name": "runs/clip"}]})
    assert len(set(called.values())) == 2
