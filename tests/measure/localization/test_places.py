import numpy as np
import pytest

from sightline.measure.finding import Finding, MeanOf
from sightline.measure.places import View, reachable, spread, unit
from sightline.measure.subject.controls import Constant


class Cropping(Constant):
    window = (0.25, 0.25, 0.5, 0.5)


def view() -> View:
    return View.of(Cropping(), 8, np.zeros((1, 2, 2, 3)))


def test_a_crop_covers_its_part_and_what_it_leaves_out_is_the_nearest_it_sees() -> None:
    plane = np.arange(64).reshape(8, 8)
    cut = view().cut(plane)
    assert cut.tolist() == plane[2:6, 2:6].tolist()
    back = view().whole(cut)
    assert back[2:6, 2:6].tolist() == cut.tolist() and back[0, 0] == cut[0, 0] and back[7, 7] == cut[3, 3]


def test_every_token_lies_in_its_own_cell() -> None:
    cells = view().cells(view().centres())
    assert cells.tolist() == [[[0, 0], [0, 1]], [[1, 0], [1, 1]]]
    assert view().centres()[0, 0].tolist() == [3.0, 3.0]


def test_a_point_outside_has_the_nearest_token() -> None:
    assert view().cells(np.array([[0.0, 7.9], [7.9, 0.0]])).tolist() == [[0, 1], [1, 0]]


def test_ideal_features_are_the_values_of_what_lies_in_the_middle_of_a_cell() -> None:
    plane = np.zeros((8, 8), int)
    plane[4:, 4:] = 1
    assert spread((2, 2), [plane], np.array([[0.0], [5.0]]))[0, ..., 0].tolist() == [[0, 0], [0, 5]]


def test_a_row_of_zeros_has_no_direction() -> None:
    assert unit(np.array([[3.0, 4.0], [0.0, 0.0]])) == pytest.approx(np.array([[0.6, 0.8], [0.0, 0.0]]))


def test_a_grid_too_coarse_for_anything_gives_no_score() -> None:
    finding = Finding(
        metric="m", statistic=MeanOf(np.zeros(3)), chance=0.02, chance_kind="", bound=0.0, bound_kind="patch grid"
    )
    assert finding.score == 1 and reachable(finding).score == 0
