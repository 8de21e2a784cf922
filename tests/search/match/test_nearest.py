"""Mutual nearest neighbours and the ratio test, against loops."""

import numpy as np
import pytest

from sightline.data.array import unit
from sightline.search.match import nearest
from sightline.search.match.nearest import mutual


def vectors(n, d=5, seed=0):
    return unit(np.random.default_rng(seed).normal(size=(n, d)))


def looped(one, other, ratio):
    """By the definition, in float64."""
    apart = [[float(np.linalg.norm(x.astype(float) - y.astype(float))) for y in other] for x in one]
    found = []
    for i in range(len(one)):
        order = sorted(range(len(other)), key=lambda j: apart[i][j])
        j = order[0]
        if min(range(len(one)), key=lambda k: apart[k][j]) != i:
            continue
        if ratio < 1 and len(order) > 1 and not apart[i][j] < ratio * apart[i][order[1]]:
            continue
        found.append([i, j])
    return found


@pytest.mark.parametrize("ratio", [0.6, 0.8, 0.95, 1.0])
@pytest.mark.parametrize(("n", "m"), [(31, 47), (47, 31), (1, 9), (9, 1)])
def test_matches_are_those_of_a_double_loop(monkeypatch, n, m, ratio):
    monkeypatch.setattr(nearest, "BLOCK", 100)  # several blocks of rows
    one, other = vectors(n), vectors(m, seed=1)
    assert mutual(one, other, ratio).tolist() == looped(one, other, ratio)


def test_mutual_neighbours_are_the_same_seen_from_either_side():
    one, other = vectors(40), vectors(33, seed=1)
    forth, back = mutual(one, other, 1.0), mutual(other, one, 1.0)
    assert sorted(forth.tolist()) == sorted(back[:, ::-1].tolist()) and len(forth) > 5


def test_of_two_places_that_look_the_same_neither_passes_the_ratio_test():
    other = vectors(12)
    twins = np.concatenate([other, other[:1]])
    assert [0, 0] in mutual(other, twins, 1.0).tolist()
    assert 0 not in mutual(other, twins, 0.99)[:, 0]


def test_a_lower_ratio_keeps_a_part_of_what_a_higher_one_keeps():
    one, other = vectors(60), vectors(50, seed=1)
    kept = [{tuple(pair) for pair in mutual(one, other, ratio).tolist()} for ratio in (0.5, 0.7, 0.9, 1.0)]
    assert all(few <= more for few, more in zip(kept, kept[1:], strict=False)) and len(kept[0]) < len(kept[3])


def test_nothing_matches_nothing():
    assert mutual(vectors(0), vectors(4)).shape == (0, 2) and mutual(vectors(4), vectors(0)).shape == (0, 2)


@pytest.mark.parametrize("ratio", [0, -0.5, 1.01, float("nan")])
def test_a_ratio_that_is_none_is_refused(ratio):
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        mutual(vectors(3), vectors(3), ratio)
