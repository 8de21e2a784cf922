"""The property's score of encoders with known answers, by what a source tells of its pictures."""

from pathlib import Path

import numpy as np
import pytest
from known import KNOW_NOTHING, known
from known import score as known_score
from PIL import Image

from sightline.data.sample import Sample
from sightline.measure.report.result import Measured
from sightline.measure.run import measured
from sightline.measure.similarity.questions import by_label
from sightline.measure.subject.controls import Constant, Oracle
from sightline.measure.subject.pixels import PixelSubject
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.opened import open_suite
from sightline.measure.suite.shelf import Shelf
from sightline.measure.suite.suite import Suite


def of(subject: Subject, suite: Suite) -> Measured:
    return measured([subject], [suite], rooms=["similarity"], quick=suite.quick).subjects[0]


def score(found: Measured) -> float:
    return known_score(found, "similarity")


def scored(found: Measured) -> list[str]:
    return [row.finding.metric for row in found.rows if row.finding.scored]


def drawn(folder: Path, name: str, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / f"{name}.png")


@pytest.mark.parametrize("quick", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_perfect_features_reach_every_bound_and_features_of_other_pictures_or_none_reach_nothing(quick: bool) -> None:
    found = known("similarity", quick=quick)
    assert score(found["oracle"]) >= 0.95
    assert scored(found["oracle"]) == ["kNN accuracy", "mAP@R", "AMI", "agreement with shared factors"]
    for name in KNOW_NOTHING:
        assert score(found[name]) <= 0.05
    assert found["constant"].flags and score(found["constant"]) == pytest.approx(0, abs=1e-9)


def test_of_scenes_the_thing_is_scored_and_its_colour_and_place_are_told() -> None:
    found = of(PixelSubject(), open_suite("scenes", quick=True))
    votes = {r.finding.metric: r.finding for r in found.rows if r.task == "knn"}
    assert list(votes) == ["kNN accuracy", "kNN accuracy: colour", "kNN accuracy: place"]
    assert [finding.scored for finding in votes.values()] == [True, False, False]
    assert votes["kNN accuracy"].protocol["asked"] == "thing"


def test_the_value_of_all_pictures_lies_within_its_interval() -> None:
    for row in known("similarity", quick=True)["pixels"].rows:
        if row.finding.scored:
            assert row.values.min() <= row.finding.value <= row.values.max()


def test_a_class_with_one_picture_is_left_out_and_said(tmp_path: Path) -> None:
    asked, other = tmp_path / "asked", tmp_path / "other"
    for number in range(8):
        drawn(asked / "ab"[number % 2], f"{number}", number)
        drawn(other / "ab"[number % 2], f"{number}", 100 + number)
    drawn(asked / "lonely", "one", 99)
    suite = open_suite(str(asked), memory=str(other), quick=True)
    [question] = by_label(suite)
    assert question.answers.shape == (8, 2) and "alone" in question.notes[0]
    found = of(Oracle(), suite)
    assert score(found) >= 0.95
    assert any("there are only" in note for row in found.rows for note in row.finding.notes)


def test_names_that_come_again_are_what_is_found_where_nothing_has_a_class() -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (16, 16, 3), dtype=np.uint8) for _ in range(12)]
    samples = [Sample(key=str(i), image=picture, name=f"thing {i % 4}") for i, picture in enumerate(pictures)]
    found = of(Oracle(), Suite("drawings", "source", Shelf(samples, "drawings"), None, True))
    assert scored(found) == ["mAP@R: name"] and score(found) >= 0.95
    assert {m.task for m in found.missing} == {"knn", "retrieval", "clustering", "agreement", "space"}
    assert score(of(Constant(), Suite("drawings", "source", Shelf(samples, "drawings"), None, True))) == pytest.approx(
        0
    )


def test_pictures_without_labels_and_names_are_asked_how_they_spread_and_nothing_else(tmp_path: Path) -> None:
    for number in range(9):
        drawn(tmp_path, f"{number}", number)
    found = of(PixelSubject(), open_suite(str(tmp_path), quick=True))
    assert found.score("similarity") is None
    assert [row.finding.metric for row in found.rows] == ["uniformity", "hubness"]
    assert {m.task: bool(m.reason) for m in found.missing} == dict.fromkeys(
        ["knn", "retrieval", "clustering", "agreement", "names"], True
    )
