import numpy as np
import pytest

from sightline.probes.depth_order import VerticalOrder, depth_pairs, order_hits


def scenes(n=6, seed=0):
    return np.random.default_rng(seed).uniform(1, 9, (n, 12, 10))


def test_every_pair_has_known_depths_that_differ_by_the_ratio_the_nearer_first():
    planes = scenes()
    planes[:, :4], planes[:, 4, :5] = 0, np.nan
    pairs = depth_pairs(planes, per_picture=30, ratio=1.5)
    assert len(pairs) == 6 * 30
    for i, y1, x1, y2, x2 in pairs:
        assert planes[i, y1, x1] > 0 and planes[i, y2, x2] >= 1.5 * planes[i, y1, x1]


def test_pairs_depend_on_the_seed_and_the_picture_alone():
    planes = scenes()
    all_of, some = depth_pairs(planes), depth_pairs(planes[:2])
    assert (all_of[all_of[:, 0] < 2] == some).all()
    assert (depth_pairs(planes, seed=1)[:5] != all_of[:5]).any()


def test_truth_scores_one_its_opposite_zero_and_a_constant_half():
    planes = scenes()
    pairs = depth_pairs(planes)
    assert order_hits(planes, pairs).mean() == 1 and order_hits(-planes, pairs).mean() == 0
    assert (order_hits(np.ones_like(planes), pairs) == 0.5).all()
    # any rising function of depth orders alike
    assert (order_hits(np.log(planes), pairs) == 1).all()


def test_hits_equal_the_loop():
    planes, said = scenes(), scenes(seed=1).round()
    pairs = depth_pairs(planes)
    naive = [0.5 if said[i, a, b] == said[i, c, d] else float(said[i, a, b] < said[i, c, d]) for i, a, b, c, d in pairs]
    assert order_hits(said, pairs).tolist() == naive


def test_height_alone_orders_a_floor_either_way_up_and_nothing_level():
    floor = np.linspace(5, 1, 12)[:, None] * np.ones((3, 1, 10))
    pairs = depth_pairs(floor)
    assert VerticalOrder().fit(pairs).score(pairs) == 1
    roof = depth_pairs(floor[:, ::-1])
    assert VerticalOrder().fit(roof).sign_ == -1 and VerticalOrder().fit(roof).score(roof) == 1
    wall = depth_pairs(np.linspace(1, 5, 10)[None, None] * np.ones((3, 1, 10)))
    assert VerticalOrder().fit(wall).score(wall) == 0.5


def test_planes_of_one_depth_give_no_pair_and_no_score():
    pairs = depth_pairs(np.ones((2, 4, 4)))
    assert pairs.shape == (0, 5)
    with pytest.raises(ValueError, match="nothing can be ordered"):
        VerticalOrder().fit(pairs).score(pairs)
    with pytest.raises(ValueError, match="at least 1"):
        depth_pairs(scenes(), ratio=0.5)
    with pytest.raises(ValueError, match="no pixel has a known depth"):
        depth_pairs(np.zeros((1, 2, 2)))
