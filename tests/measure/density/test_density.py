"""The property's score of encoders with known answers, and what suites without labels can be asked."""

from pathlib import Path

import numpy as np
import pytest
from known import KNOW_NOTHING, known
from known import score as known_score
from PIL import Image

from sightline.measure.density.queries import candidates, queries
from sightline.measure.density.tasks import tasks
from sightline.measure.finding import Finding
from sightline.measure.measurement import Absent, Measurement
from sightline.measure.report.result import Measured
from sightline.measure.run import measured
from sightline.measure.subject.controls import Constant, Oracle
from sightline.measure.subject.pixels import PixelSubject
from sightline.measure.subject.subject import Subject
from sightline.measure.suite.opened import open_suite
from sightline.measure.suite.suite import Suite


def of(subject: Subject, suite: Suite) -> Measured:
    return measured([subject], [suite], rooms=["density"], quick=suite.quick).subjects[0]


def score(found: Measured) -> float:
    return known_score(found, "density")


def metric(found: Measured, name: str) -> Finding:
    return next(row.finding for row in found.rows if row.finding.metric == name)


@pytest.fixture(scope="module")
def scenes() -> Suite:
    return open_suite("scenes", quick=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for number in range(12):
        Image.fromarray(rng.integers(0, 256, (24, 30, 3), dtype=np.uint8)).resize((60, 48)).save(
            tmp_path / f"{number}.png"
        )
    return tmp_path


@pytest.mark.parametrize("quick", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_perfect_features_reach_every_bound_and_features_of_other_pictures_or_none_reach_nothing(quick: bool) -> None:
    found = known("density", quick=quick)
    assert score(found["oracle"]) >= 0.95
    for name in KNOW_NOTHING:
        assert score(found[name]) <= 0.05


def test_a_constant_is_flagged_and_forgets_every_nuisance_but_has_no_content() -> None:
    found = known("density", quick=True)["constant"]
    assert found.flags
    assert metric(found, "nuisance decodability").score == 1.0
    assert metric(found, "content retention").score == metric(found, "nuisance invariance").score == 0.0
    assert "undefined" in metric(found, "nuisance invariance").notes[0]


def test_density_cannot_exceed_content_retention() -> None:
    found = known("density", quick=True)["pixels"]
    kept = metric(found, "content retention")
    assert kept.caps and score(found) <= kept.score < metric(found, "nuisance invariance").score


def test_every_condition_is_asked_equally_often_of_pictures_that_differ(scenes: Suite) -> None:
    asked = queries(scenes, candidates(scenes))
    assert len(asked.disturbed) == 144
    assert np.bincount(asked.condition).tolist() == [8] * 18
    shares = [asked.weights[asked.nuisance == k].sum() for k in range(8)]
    assert shares == pytest.approx([1 / 8] * 8)
    for item, i in zip(asked.disturbed.items, asked.picture, strict=True):
        assert np.asarray(item).shape == np.asarray(asked.candidates.items[i]).shape


def test_an_unlabelled_folder_is_asked_what_can_be_and_retrieval_caps_its_score(folder: Path) -> None:
    suite = open_suite(str(folder), quick=True)
    found = of(PixelSubject(), suite)
    assert [(m.task, "label" in m.reason) for m in found.missing] == [("content", True)]
    assert metric(found, "matched retrieval").caps
    assert score(of(Constant(), suite)) == 0.0
    assert score(of(Oracle(), suite)) >= 0.95


def test_pictures_that_are_all_the_same_cannot_be_told_apart_and_that_is_said(folder: Path) -> None:
    first = (folder / "0.png").read_bytes()
    for file in folder.iterdir():
        file.write_bytes(first)
    reasons = {t.name: t.reason for t in tasks(open_suite(str(folder), quick=True)) if isinstance(t, Absent)}
    assert "differ" in reasons["nuisance"] and "content" in reasons


def test_one_class_is_nothing_to_tell_apart(folder: Path) -> None:
    (folder / "only").mkdir()
    for number in range(12):
        (folder / f"{number}.png").rename(folder / "only" / f"{number}.png")
    content = next(t for t in tasks(open_suite(str(folder), quick=True)) if t.name == "content")
    assert isinstance(content, Absent) and ("one class" in content.reason or "label" in content.reason)


def test_the_same_question_twice_is_the_same_pictures(scenes: Suite) -> None:
    again = open_suite("scenes", quick=True)
    one, other = queries(scenes, candidates(scenes)), queries(again, candidates(again))
    assert one.disturbed.digest == other.disturbed.digest
    assert all(isinstance(task, Measurement) for task in tasks(scenes))
