import numpy as np
import pytest
import torch

from sightline.probes.grid import by_size, enlarged, nearest, overlap, sizes_of, summed, tokens_of


def cells_of(cells, pixels, parts=60):
    """The overlap by counting points: each pixel cut into `parts`."""
    found = np.zeros((cells, pixels))
    for point in range(pixels * parts):
        middle = (point + 0.5) / parts
        found[int(middle * cells / pixels), int(middle)] += 1 / parts
    return found


@pytest.mark.parametrize(("cells", "pixels"), [(1, 1), (2, 3), (3, 2), (4, 6), (5, 3), (6, 6)])
def test_overlap_equals_counting_points(cells, pixels):
    np.testing.assert_allclose(overlap(cells, pixels), cells_of(cells, pixels), atol=1e-12)
    np.testing.assert_allclose(overlap(cells, pixels).sum(axis=0), 1)


def test_sums_over_patches_equal_the_double_loop_and_lose_nothing():
    plane = np.random.default_rng(0).normal(size=(8, 6))
    naive = [[plane[4 * i : 4 * i + 4, 2 * j : 2 * j + 2].sum() for j in range(3)] for i in range(2)]
    np.testing.assert_allclose(summed(plane, (2, 3)), naive)
    np.testing.assert_allclose(summed(plane, (5, 7)).sum(), plane.sum())


def test_the_nearest_patch_is_the_one_that_the_middle_of_a_pixel_lies_in():
    values = np.arange(6).reshape(2, 3)
    assert nearest(values, (3, 4)).tolist() == [[0, 1, 1, 2], [3, 4, 4, 5], [3, 4, 4, 5]]
    assert nearest(values, (2, 3)).tolist() == values.tolist()


def test_enlarging_keeps_constants_and_interpolates_between_middles():
    maps = torch.tensor([[[[0.0, 1.0]]]])
    assert enlarged(maps, (1, 4))[0, 0].tolist() == [[0, 0.25, 0.75, 1]]
    torch.testing.assert_close(enlarged(torch.full((1, 2, 3, 3), 7.0), (5, 8)), torch.full((1, 2, 5, 8), 7.0))


def test_pictures_are_taken_by_size_each_once():
    sizes = [(2, 3)] * 20 + [(4, 4)] + [(2, 3)]
    numbers = [n for size, some in by_size(sizes) for n in some if sizes[n] == size]
    assert sorted(numbers) == list(range(22))


def test_shapes_and_values_that_are_no_tokens_are_refused():
    with pytest.raises(ValueError, match=r"pictures, grid y, grid x, width.*\(4, 5\)"):
        tokens_of(np.zeros((4, 5)))
    with pytest.raises(ValueError, match="none of them 0"):
        tokens_of(np.zeros((0, 2, 2, 3)))
    with pytest.raises(ValueError, match="1 of 2 pictures are not finite, the first is 1"):
        tokens_of(np.stack([np.zeros((2, 2, 3)), np.full((2, 2, 3), np.nan)]))
    with pytest.raises(ValueError, match="3 pictures came with 2 sizes"):
        sizes_of([(1, 2), (3, 4)], 3)
