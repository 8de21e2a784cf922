import numpy as np
import pytest
from told import found, source

from sightline.data.array import unit
from sightline.measure.subject.controls import Constant
from sightline.measure.text.modality import BINS, calibration, confidence, gap, separable


def drawn(n, d, seed):
    return unit(np.random.default_rng(seed).normal(size=(n, d)))


def test_the_gap_is_the_distance_of_the_means():
    a, b = drawn(50, 6, 0), drawn(50, 6, 1) + np.eye(6)[0]
    value = gap(a, b).over(np.ones((1, 50)))[0]
    assert value == pytest.approx(np.linalg.norm(a.mean(0, dtype=np.float64) - b.mean(0)), abs=1e-6)
    assert gap(a, a).over(np.ones((1, 50)))[0] == 0


def test_what_lies_apart_is_told_apart_and_what_is_alike_is_not():
    a, b = drawn(300, 8, 2), drawn(300, 8, 3)
    assert separable(a, b).mean() == pytest.approx(0.5, abs=0.08)
    assert separable(a + 3 * np.eye(8)[0], b).mean() == 1
    assert separable(np.ones((20, 4)), np.ones((20, 4))).mean() == 0.5


def test_the_calibration_error_equals_its_definition():
    rng = np.random.default_rng(4)
    sure, right = rng.random(500), rng.random(500) < 0.6
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    expected = sum(
        (bins == b).sum() / 500 * abs(sure[bins == b].mean() - right[bins == b].mean()) for b in np.unique(bins)
    )
    assert calibration(sure, right.astype(float)).over(np.ones((1, 500)))[0] == pytest.approx(expected)


def test_the_confidence_is_the_largest_probability():
    logits = np.array([[900.0, 0, 0], [1, 2, 3]])
    soft = np.exp(logits[1]) / np.exp(logits[1]).sum()
    assert confidence(logits, "softmax") == pytest.approx([1, soft.max()])
    assert confidence(logits, "sigmoid") == pytest.approx([1, 1 / (1 + np.exp(-3))])


def test_a_constant_has_no_gap_and_few_pictures_are_not_told_apart():
    made = found(source([(("a",), None), (("b",), None)]), "modality")(Constant())
    assert made["modality gap"].value == 0 and "modalities told apart" not in made
    assert not any(f.scored for f in made.values())
