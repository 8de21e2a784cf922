from math import floor

import pytest
import torch

from sightline.nn.conv.rmac import regional_maxima, regions, rmac
from sightline.towers.spec import ResNetSpec, RMacMapSpec

SIDES = [(7, 7), (5, 9), (11, 4), (3, 8), (6, 5), (13, 17), (24, 32), (1, 1), (1, 2), (2, 1)]


def published(height, width, levels):
    """The rule as the authors' code writes it: m from 2 to 7 by its overlap, centres at floors, less half a side."""
    short = min(height, width)
    steps = [2, 3, 4, 5, 6, 7]
    overlaps = [abs((short**2 - short * (max(height, width) - short) / (m - 1)) / short**2 - 0.4) for m in steps]
    best = min(range(6), key=lambda i: (round(overlaps[i], 9), i))
    extra = (best + 1) if height != width else 0
    wide, high = extra * (width > height), extra * (height > width)
    found = []
    for level in range(1, levels + 1):
        side = floor(2 * short / (level + 1))
        if side == 0:
            continue
        half = floor(side / 2 - 1)

        def centres(length, more, side=side, half=half, level=level):
            gap = 0 if level + more == 1 else (length - side) / (level + more - 1)
            return [floor(half + i * gap + 1e-9) - half for i in range(level + more)]

        found += [(y, x, side) for y in centres(height, high) for x in centres(width, wide)]
    return found


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("levels", [1, 2, 3, 5])
def test_regions_are_those_of_the_published_rule(sides, levels):
    assert regions(*sides, levels) == published(*sides, levels)


def test_there_are_l_times_l_plus_m_minus_one_regions_a_level_and_all_lie_inside():
    found = regions(24, 32, 3)
    # m = 2: overlap 1 - 8/24 = 0.67; m = 3 would overlap by 0.83
    assert len(found) == 1 * 2 + 2 * 3 + 3 * 4
    assert all(y + side <= 24 and x + side <= 32 for y, x, side in found)
    assert [r for r in found if r[2] == 24] == [(0, 0, 24), (0, 8, 24)]
    assert len(regions(10, 10, 3)) == 14 and regions(10, 10, 1) == [(0, 0, 10)]
    assert max(x + side for _, x, side in found) == 32


def test_a_longer_map_has_neighbours_that_overlap_by_forty_percent():
    starts = [x for _, x, _ in regions(10, 28, 1)]
    assert starts == [0, 6, 12, 18]
    assert len(regions(10, 10 + 6 * 20, 1)) == 21  # beyond the seven of the authors' code


@pytest.mark.parametrize("sides", SIDES)
def test_it_equals_the_loop_over_regions(sides):
    maps = torch.randn(2, 3, *sides, dtype=torch.float64)
    expected = torch.zeros(2, 3, dtype=torch.float64)
    for i in range(2):
        for y, x, side in published(*sides, 3):
            top = torch.tensor(
                [
                    max(float(maps[i, c, v, u]) for v in range(y, y + side) for u in range(x, x + side))
                    for c in range(3)
                ],
                dtype=torch.float64,
            )
            expected[i] += top / top.norm()
        expected[i] /= expected[i].norm()
    torch.testing.assert_close(rmac(maps, 3), expected)


def test_every_region_weighs_the_same_and_scale_is_nothing():
    maps = torch.randn(2, 4, 5, 5, dtype=torch.float64)
    assert torch.allclose(regional_maxima(maps, 3).norm(dim=2), torch.ones((), dtype=torch.float64))
    torch.testing.assert_close(rmac(7 * maps, 3), rmac(maps, 3))
    assert torch.isfinite(rmac(torch.zeros(1, 4, 5, 5), 3)).all()


def test_mirroring_a_map_that_divides_evenly_changes_nothing():
    maps = torch.randn(1, 4, 12, 12, dtype=torch.float64)
    torch.testing.assert_close(rmac(maps.flip(3), 2), rmac(maps, 2))


def test_doubling_every_place_changes_nothing_where_sides_divide():
    maps = torch.randn(1, 4, 6, 6, dtype=torch.float64)
    twice = maps.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(rmac(twice, 2), rmac(maps, 2))


def test_a_tower_reads_any_size_and_passes_gradients():
    tower = ResNetSpec(depths=(1, 1), width=8, pool=RMacMapSpec()).build()
    found = tower(torch.randn(2, 3, 20, 32)).pooled
    assert found.shape == (2, tower.dim)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))
    found[:, 0].sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in tower.parameters())
    with pytest.raises(ValueError, match="levels=0"):
        RMacMapSpec(levels=0)
