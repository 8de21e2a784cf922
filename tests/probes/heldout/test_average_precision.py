"""Average precision equals a double loop over found and true things; the probes of it ask what the view shows."""

import numpy as np
import pytest

from sightline.data.boxes import box_iou
from sightline.probes.heldout.average_precision import Labelled, average_precision

IOUS = np.arange(50, 100, 5) / 100
RECALLS = np.arange(101) / 100


def drawn(seed, pictures=5, kinds=3):
    """True things, and found ones: most are true ones moved a little, of a class that is now and then wrong."""
    draws, truth, found = np.random.default_rng(seed), [], []
    for _ in range(pictures):
        n = int(draws.integers(0, 5))
        boxes = np.concatenate([draws.uniform(0, 30, (n, 2)), draws.uniform(6, 25, (n, 2))], 1)
        labels = draws.integers(0, kinds, n)
        truth.append(Labelled(boxes, labels))
        moved = np.repeat(boxes, 2, 0) + draws.normal(0, 1.5, (2 * n, 4))
        moved[:, 2:] = moved[:, 2:].clip(1)
        noise = np.concatenate([draws.uniform(0, 30, (2, 2)), draws.uniform(6, 25, (2, 2))], 1)
        told = np.where(draws.random(2 * n) < 0.8, np.repeat(labels, 2), draws.integers(0, kinds, 2 * n))
        all_labels = np.concatenate([told, draws.integers(0, kinds, 2)])
        found.append(Labelled(np.concatenate([moved, noise]), all_labels, draws.random(2 * n + 2)))
    return truth, found


def naive(truth, found, label, least):
    """One class at one IoU, word for word."""
    total = sum(int((one.labels == label).sum()) for one in truth)
    every = [
        (-s, p, b)
        for p, one in enumerate(found)
        for s, b, k in zip(one.scores, one.boxes, one.labels, strict=True)
        if k == label
    ]
    taken, hits = set(), []
    for _, picture, box in sorted(every, key=lambda row: row[0]):
        best, chosen = least, None
        for number, (true, k) in enumerate(zip(truth[picture].boxes, truth[picture].labels, strict=True)):
            if k != label or (picture, number) in taken:
                continue
            iou = float(box_iou(box[None], true[None])[0])
            if iou >= best:
                best, chosen = iou, number
        hits.append(chosen is not None)
        if chosen is not None:
            taken.add((picture, chosen))
    right = np.cumsum(hits)
    precision, recall = right / np.arange(1, len(hits) + 1), right / total
    return np.mean([max((p for p, r in zip(precision, recall, strict=True) if r >= t), default=0.0) for t in RECALLS])


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_of_boxes_equals_a_double_loop(seed):
    truth, found = drawn(seed)
    told = average_precision(truth, found)
    labels = sorted({int(label) for one in truth for label in one.labels})
    each = np.array([[naive(truth, found, label, iou) for iou in IOUS] for label in labels])
    assert told.ap == pytest.approx(each.mean(), abs=1e-9) and told.ap50 == pytest.approx(each[:, 0].mean(), abs=1e-9)
    assert told.classes == {label: pytest.approx(row.mean(), abs=1e-9) for label, row in zip(labels, each, strict=True)}
    assert 0 < told.ap < told.ap50 < 1


def test_what_is_right_scores_one_and_nothing_scores_zero():
    truth, _ = drawn(0)
    right = [Labelled(one.boxes, one.labels, np.ones(len(one.labels))) for one in truth]
    assert average_precision(truth, right).ap == pytest.approx(1.0)
    none = [Labelled(np.zeros((0, 4)), np.zeros(0, int), np.zeros(0)) for _ in truth]
    assert average_precision(truth, none).ap == 0.0
    assert np.isnan(average_precision(none, right).ap)
    with pytest.raises(ValueError, match="5 pictures with true things, and 1"):
        average_precision(truth, right[:1])


def test_outlines_are_compared_by_their_pixels():
    mask = np.zeros((1, 8, 8), bool)
    mask[0, :4, :4] = True
    half = mask & (np.arange(8) < 2)
    box, label = np.array([[0.0, 0, 4, 4]]), np.zeros(1, int)
    truth = [Labelled(box, label, masks=mask)]
    same, less = (average_precision(truth, [Labelled(box, label, np.ones(1), m)], masks=True) for m in (mask, half))
    assert same.ap == pytest.approx(1.0) and less.ap50 == pytest.approx(1.0) and less.ap75 == 0.0
