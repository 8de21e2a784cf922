import numpy as np
import pytest

from sightline.data.prepare.tile import Box, starts, tiles


@pytest.mark.parametrize(
    "size", [(300, 100), (100, 301), (224, 225), (1000, 777), (2000, 31), (225, 225), (1920, 1080)]
)
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.99])
def test_tiles_cover_every_pixel_and_stay_inside(size, overlap):
    width, height = size
    scales = (1.0, 0.5) if overlap < 0.9 else (0.5,)
    covered = np.zeros((height, width), bool)
    found = tiles(width, height, 224 if max(size) > 224 else 64, scales, overlap)
    for box in found:
        assert box.w == box.h and min(box.x, box.y) >= 0
        assert box.x + box.w <= width and box.y + box.h <= height
        covered[box.y : box.y + box.h, box.x : box.x + box.w] = True
    assert covered.all() or not found


@pytest.mark.parametrize("length", [101, 150, 399, 400, 1001])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5])
def test_neighbours_overlap_enough_and_one_tile_less_would_not_do(length, overlap):
    found = starts(length, 100, overlap)
    steps = np.diff(found)
    assert found[0] == 0 and found[-1] == length - 100 and steps.max() <= 100 * (1 - overlap)
    assert (length - 100) / 100 / (1 - overlap) > len(found) - 2


def test_a_picture_that_the_tower_sees_at_its_own_size_has_none():
    assert tiles(224, 224, 224) == tiles(100, 60, 224) == tiles(400, 300, 224, (0.5,)) == []
    assert tiles(225, 224, 224) == [Box(0, 0, 224, 224), Box(1, 0, 224, 224)]


def test_smaller_scales_have_larger_tiles():
    assert {box.w for box in tiles(2000, 2000, 224, (1.0, 0.5, 0.25))} == {224, 448, 896}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0, 5, 5), "must be positive"),
        ((9, 9, 5, ()), "scales are"),
        ((9, 9, 5, (2.0,)), "at most 1"),
        ((9, 9, 5, (1.0,), 1.0), "overlap is"),
    ],
)
def test_impossible_grids_are_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        tiles(*arguments)
