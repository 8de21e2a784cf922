import numpy as np
import pytest

from sightline.probes.instances import augmented, average, by_rank, by_similarity, expanded


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def drawn(n, seed):
    return unit(np.random.default_rng(seed).normal(size=(n, 6)))


def naive(queries, database, k, weight, itself):
    moved = []
    for i, q in enumerate(queries):
        near = [j for j in range(len(database)) if not (itself and j == i)]
        near = sorted(near, key=lambda j: -float(q @ database[j]))[:k]
        total = q.copy()
        for r, j in enumerate(near, start=1):
            total = total + weight(float(q @ database[j]), r, k) * database[j]
        moved.append(total / np.linalg.norm(total))
    return np.array(moved)


WEIGHTS = pytest.mark.parametrize(
    ("weigh", "weight"),
    [
        (average, lambda s, r, k: 1.0),
        (by_rank, lambda s, r, k: (k - r) / k),
        (by_similarity(3.0), lambda s, r, k: max(s, 0.0) ** 3),
    ],
    ids=["average", "rank", "alpha"],
)


@WEIGHTS
@pytest.mark.parametrize("k", [1, 4, 12])
def test_both_equal_the_double_loop_in_blocks_of_any_size(weigh, weight, k, monkeypatch):
    queries, database = drawn(7, 0), drawn(13, 1)
    for cells in (2**25, 30):
        monkeypatch.setattr("sightline.probes.instances.expand.CELLS", cells)
        moved = expanded(queries, database, k, weigh)
        np.testing.assert_allclose(moved, naive(queries, database, k, weight, False), atol=1e-5)
        moved = augmented(database, k, weigh)
        np.testing.assert_allclose(moved, naive(database, database, k, weight, True), atol=1e-5)
        assert moved.dtype == np.float32


def test_a_block_bounds_the_neighbours_as_well_as_the_similarities(monkeypatch):
    monkeypatch.setattr("sightline.probes.instances.expand.CELLS", 120)
    sizes = []

    def weigh(similarity):
        sizes.append(similarity.size)
        return average(similarity)

    expanded(drawn(20, 6), drawn(9, 7), 8, weigh)
    assert sum(sizes) == 20 * 8 and max(sizes) * 6 <= 120


def test_alpha_of_zero_is_the_average_of_neighbours_that_are_alike():
    queries, database = drawn(5, 2), np.abs(drawn(9, 3))
    np.testing.assert_allclose(
        expanded(np.abs(queries), database, 3, by_similarity(0.0)), expanded(np.abs(queries), database, 3), atol=1e-6
    )


def test_one_neighbour_by_rank_weighs_nothing():
    database = drawn(9, 4)
    np.testing.assert_allclose(augmented(database, 1, by_rank), database, atol=1e-6)


def test_of_equal_vectors_the_first_is_the_neighbour():
    database = np.array([[1.0, 0, 0], [1, 1, 0], [1, 0, 1]])
    np.testing.assert_allclose(
        expanded([[1.0, 0, 0]], database[1:], 1), [unit(np.array([1.0, 0, 0]) + unit(database[1]))], atol=1e-6
    )


def test_clusters_draw_together():
    rng = np.random.default_rng(5)
    centres = np.repeat(np.eye(8)[:4], 10, axis=0)
    database = unit(centres + 0.25 * rng.normal(size=centres.shape))
    moved = augmented(database, 5, average)
    assert (moved * centres).sum(1).mean() > (database * centres).sum(1).mean()


def test_neighbours_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match="choose k from 1 to that, got 3"):
        augmented(np.eye(3), 3)
    with pytest.raises(ValueError, match="got 0"):
        expanded(np.eye(3), np.eye(3), 0)
    with pytest.raises(ValueError, match="alpha must be 0 or more"):
        by_similarity(-1)
