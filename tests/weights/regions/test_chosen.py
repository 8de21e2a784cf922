"""What is taken of the boxes found, by the rule done slowly."""

import numpy as np
import pytest

from sightline.weights.regions.chosen import Region, Rule, best_score, chosen
from sightline.weights.regions.detector import Found


def iou(a, b):
    """Of two boxes, in exact sums."""
    w = max(0.0, min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]))
    h = max(0.0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h)


def slowly(phrases, found, size, rule):
    """The same, one box after the other."""
    every = []
    for words, part in zip(phrases, found, strict=True):
        for (x, y, w, h), score in zip(part.boxes.tolist(), part.scores.tolist(), strict=True):
            left, top = min(max(x, 0), size[0]), min(max(y, 0), size[1])
            right, bottom = min(max(x + w, 0), size[0]), min(max(y + h, 0), size[1])
            if right - left >= 1 and bottom - top >= 1 and score >= rule.least:
                every.append(Region(words, (left, top, right - left, bottom - top), score))
    kept = []
    for one in sorted(every, key=lambda region: -region.score):
        if len(kept) < rule.most and all(iou(one.box, other.box) <= rule.overlap for other in kept):
            kept.append(one)
    return kept


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_greedy_suppression_done_one_by_one(seed):
    rng = np.random.default_rng(seed)
    phrases = ["a b", "a", "b"]
    found = [
        Found(np.c_[rng.uniform(-10, 60, (k, 2)), rng.uniform(0, 40, (k, 2))], rng.uniform(0, 1, k).round(1))
        for k in (12, 0, 30)
    ]
    for rule in (Rule(0.3), Rule(0.0, overlap=0.1, most=3), Rule(0.5, overlap=1.0, most=100)):
        assert chosen(phrases, found, (64, 48), rule) == slowly(phrases, found, (64, 48), rule)
    assert best_score(found) == max(found[0].scores.max(), found[2].scores.max()) and best_score([found[1]]) is None


def test_of_equal_scores_the_phrase_that_comes_first_names_the_place():
    same = Found(np.array([[0.0, 0, 10, 10]]), np.array([0.9]))
    assert [one.words for one in chosen(["red star", "star"], [same, same], (20, 20), Rule(0.3))] == ["red star"]


def test_what_is_no_box_is_none():
    boxes = np.array([[0, 0, np.nan, 5], [30, 30, 5, 5], [2, 2, 0.5, 9], [1, 1, -4, 4], [15, 15, np.inf, 9]])
    found = chosen(["x"], [Found(boxes, np.ones(5))], (20, 20), Rule(0.0))
    assert [one.box for one in found] == [(15.0, 15.0, 5.0, 5.0)]
    assert chosen(["x"], [Found(boxes[:1], np.array([np.nan]))], (20, 20), Rule(0.0)) == []


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ({"least": float("nan")}, "least=nan"),
        ({"least": 0.3, "overlap": 2}, "overlap=2: expected an IoU"),
        ({"least": 0.3, "most": 0}, "most=0: expected the boxes of a picture"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(numbers, says):
    with pytest.raises(ValueError, match=says):
        Rule(**numbers)
