import numpy as np
import pytest

from sightline.measure.localization.pointing import box_iou, constant_iou, heat_boxes
from sightline.measure.places import View


def test_box_iou_is_that_of_counted_pixels() -> None:
    rng = np.random.default_rng(0)
    a, b = (np.concatenate([rng.integers(0, 10, (20, 2)), rng.integers(1, 10, (20, 2))], axis=1) for _ in range(2))
    for one, other, found in zip(a, b, box_iou(a.astype(float), b.astype(float)), strict=True):
        planes = []
        for x, y, w, h in (one, other):
            plane = np.zeros((20, 20), bool)
            plane[y : y + h, x : x + w] = True
            planes.append(plane)
        assert found == pytest.approx((planes[0] & planes[1]).sum() / (planes[0] | planes[1]).sum())


def test_the_box_of_a_map_is_that_of_its_largest_hot_part() -> None:
    heat = np.zeros((1, 8, 8))
    heat[0, 2:4, 3:6] = 1
    heat[0, 7, 7] = 1
    x, y, w, h = heat_boxes(heat, View(8, (8, 8), 0, 0, 8, 8))[0]
    assert (x, y, w, h) == (3, 2, 3, 2)


def test_a_map_without_contrast_gives_the_whole_picture() -> None:
    assert heat_boxes(np.ones((1, 3, 3)), View(9, (3, 3), 0, 0, 9, 9)).tolist() == [[0, 0, 9, 9]]


def test_the_best_constant_box_is_no_worse_than_the_whole_square_or_the_mean_box() -> None:
    truth = np.array([[2.0, 2, 4, 4], [3, 3, 4, 4], [0, 0, 10, 10]])
    found = constant_iou(truth, 10)[0]
    for box in (np.array([0.0, 0, 10, 10]), truth.mean(axis=0)):
        assert found >= box_iou(box, truth).mean() - 1e-12
