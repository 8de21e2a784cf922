import numpy as np
import pytest
import torch
from torchmetrics.classification import MulticlassJaccardIndex

from sightline.measure.localization.iou import best_constant, best_prior, mean_ious, shared_confusion
from sightline.measure.places import View

WHOLE = View(6, (3, 3), 0, 0, 6, 6)


def decided(maps: np.ndarray) -> np.ndarray:
    large = torch.nn.functional.interpolate(torch.from_numpy(maps).permute(0, 3, 1, 2), size=(6, 6), mode="bilinear")
    return large.argmax(1).numpy()


@pytest.mark.parametrize(("present", "count"), [((0, 1, 2, 3), 5), ((0, 3), 5), ((2,), 1)])
def test_mean_iou_is_that_of_torchmetrics_with_ignored_pixels_and_absent_classes(present: tuple, count: int) -> None:
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(count, 3, 3, 5)).astype(np.float32)
    maps[..., 4] = -9
    truth = rng.choice([*present, 255], size=(count, 6, 6))
    index = MulticlassJaccardIndex(5, ignore_index=255, average="macro")
    expected = index(torch.from_numpy(decided(maps)), torch.from_numpy(truth))
    found = mean_ious(shared_confusion([*truth], maps, WHOLE).sum(axis=0)[None])
    assert found[0] == pytest.approx(float(expected), abs=1e-6)


def test_mean_iou_is_a_loop_over_classes_and_pixels_of_the_whole_set() -> None:
    rng = np.random.default_rng(1)
    maps = rng.normal(size=(4, 3, 3, 3)).astype(np.float32)
    truth = rng.choice([0, 1, 255], size=(4, 6, 6))
    guess = decided(maps)
    ious = []
    for c in range(3):
        both = either = 0.0
        for t, g in zip(truth.ravel(), guess.ravel(), strict=True):
            if t != 255:
                both += t == c and g == c
                either += t == c or g == c
        if either:
            ious.append(both / either)
    assert mean_ious(shared_confusion([*truth], maps, WHOLE).sum(axis=0)[None])[0] == pytest.approx(np.mean(ious))


def test_classes_that_tie_share_a_pixel_and_their_order_changes_nothing() -> None:
    truth = np.random.default_rng(2).integers(0, 3, (2, 6, 6))
    counts = shared_confusion([*truth], np.ones((2, 3, 3, 3), np.float32), WHOLE)
    np.testing.assert_allclose(counts, np.repeat(counts.sum(axis=2, keepdims=True) / 3, 3, axis=2))
    assert counts.sum() == pytest.approx(truth.size)


def test_a_set_without_a_judged_pixel_has_no_mean_iou() -> None:
    truth = np.full((1, 6, 6), 255)
    assert np.isnan(mean_ious(shared_confusion([*truth], np.ones((1, 3, 3, 2), np.float32), WHOLE)))[0]


def test_no_map_of_one_class_is_better_than_the_best_constant() -> None:
    truth = [np.random.default_rng(3).choice([0, 0, 1, 2], (6, 6))]
    scores = []
    for c in range(3):
        maps = np.zeros((1, 3, 3, 3), np.float32)
        maps[..., c] = 1
        scores.append(float(mean_ious(shared_confusion(truth, maps, WHOLE))[0]))
    assert best_constant(truth, 3) == pytest.approx(max(scores))


def test_what_is_always_at_one_place_is_known_without_looking() -> None:
    plane = np.repeat([[0], [1]], 3, axis=0) * np.ones((1, 6), int)
    assert best_prior([plane, plane], [plane], 2) == 1.0
    assert best_prior([1 - plane], [plane], 2) == 0.0
