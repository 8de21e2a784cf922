import numpy as np
import pytest

import sightline.search.alike.groups as module
from sightline.search.alike.groups import bounded, leaders


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def clustered(n, e, spread, seed=0):
    random = np.random.default_rng(seed)
    middles = random.standard_normal((max(1, n // 9), e))
    return unit(middles[random.integers(0, len(middles), n)] + spread * random.standard_normal((n, e)))


def naive(matrix, least):
    lead = []
    for row in range(len(matrix)):
        near = [other for other in range(row) if lead[other] == other and matrix[other] @ matrix[row] >= least]
        lead.append(near[0] if near else row)
    return lead


@pytest.mark.parametrize("block", [7, 64, 512])
@pytest.mark.parametrize(
    ("n", "e", "spread", "least"), [(301, 40, 0.2, 0.9), (200, 8, 0.5, 0.8), (90, 30, 0.1, 0.97), (50, 3, 1, 0.5)]
)
def test_groups_are_those_of_the_double_loop(monkeypatch, block, n, e, spread, least):
    monkeypatch.setattr(module, "BLOCK", block)
    monkeypatch.setattr(module, "TOGETHER", 33)
    matrix = clustered(n, e, spread)
    assert leaders(matrix, least).tolist() == naive(matrix, least)


def test_the_bound_is_never_below_the_cosine():
    matrix = clustered(300, 96, 0.7)
    short = bounded(matrix)
    assert short.shape == (300, 25)
    assert ((short @ short.T) - (matrix @ matrix.T)).min() > -1e-5
    assert np.abs(short @ short.T - matrix @ matrix.T).mean() < 0.5


def test_a_chain_of_small_steps_is_no_group():
    angles = np.radians(np.arange(0, 90, 5))
    matrix = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    lead = leaders(matrix, float(np.cos(np.radians(11))))
    assert lead.tolist() == [3 * (row // 3) for row in range(18)]


def test_all_alike_are_one_group_and_none_are_as_many_as_there_are():
    assert leaders(np.tile(unit(np.ones((1, 5))), (700, 1)), 0.999).tolist() == [0] * 700
    assert leaders(np.eye(40, dtype=np.float32), 0.5).tolist() == list(range(40))
    assert leaders(np.zeros((0, 4), np.float32)).tolist() == []


def test_progress_goes_up_to_one():
    told = []
    leaders(clustered(1400, 8, 1), 0.99, told.append)
    assert told == sorted(told) and told[-1] == 1


def test_a_threshold_that_is_no_cosine_is_refused():
    with pytest.raises(ValueError, match="between -1 and 1; got 97"):
        leaders(np.eye(3, dtype=np.float32), 97)
