"""Clusters, middles and unlikely pictures of vectors whose groups are known."""

import numpy as np
import pytest

from sightline.measure.similarity.learnt import learnt


def groups(sizes: tuple[int, ...], d: int = 16, noise: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    middles = np.linalg.qr(rng.standard_normal((d, d)))[0]
    return middles[truth] + noise * rng.standard_normal((len(truth), d)), truth


def test_pictures_of_one_group_share_a_cluster_and_the_largest_comes_first() -> None:
    vectors, truth = groups((40, 30, 2))
    found = learnt(vectors[np.r_[0:72]])
    for cluster in np.unique(found.cluster):
        assert len(set(truth[found.cluster == cluster])) == 1
    sizes = np.bincount(found.cluster)
    assert (np.diff(sizes) <= 0).all()
    for number, central in enumerate(found.central):
        assert (found.cluster[central] == number).all()


def test_the_medoid_is_the_member_nearest_to_the_middle_of_its_cluster() -> None:
    found = learnt(rows := groups((50, 50))[0])
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    for number, central in enumerate(found.central):
        members = np.flatnonzero(found.cluster == number)
        away = np.linalg.norm(rows[members] - rows[members].mean(axis=0), axis=1)
        assert central[0] == members[away.argmin()]


def test_a_picture_unlike_all_others_is_the_least_likely() -> None:
    vectors, _ = groups((60, 60))
    vectors[17] = -vectors[17] - vectors[80]
    assert learnt(vectors).unlikely[0] == 17
    assert learnt(vectors).likelihood.argmin() == 17


def test_coordinates_are_the_two_directions_of_greatest_variance_and_the_scale_of_vectors_plays_no_part() -> None:
    vectors, _ = groups((30, 20, 25))
    rows = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    u, s, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    found = learnt(7 * vectors)
    assert np.abs(found.coordinates) == pytest.approx(np.abs(u[:, :2] * s[:2]), abs=1e-5)
    assert found.explained == pytest.approx(tuple(s[:2] ** 2 / (s**2).sum()), abs=1e-5)


def test_equal_vectors_and_seed_give_equal_results() -> None:
    vectors, _ = groups((30, 20, 25), noise=0.4)
    a, b = learnt(vectors, seed=3), learnt(vectors, seed=3)
    assert (a.cluster == b.cluster).all() and (a.likelihood == b.likelihood).all()


@pytest.mark.parametrize("n", [1, 2, 3, 30])
def test_pictures_that_are_all_alike_are_one_cluster_and_none_is_unlikely(n: int) -> None:
    found = learnt(np.ones((n, 5)))
    assert (found.cluster == 0).all() and not len(found.unlikely) and not found.likelihood.any()
    assert found.coordinates.shape == (n, 2)


@pytest.mark.parametrize("n", [2, 3, 5, 11])
def test_a_handful_of_pictures_is_enough(n: int) -> None:
    found = learnt(np.random.default_rng(n).standard_normal((n, 7)))
    assert found.coordinates.shape == (n, 2) and found.cluster.shape == found.likelihood.shape == (n,)
    assert np.isfinite(found.likelihood).all()
    assert sorted(np.concatenate(found.central).tolist()) == list(range(n))
    assert learnt(np.random.default_rng(n).standard_normal((n, 1))).coordinates.shape == (n, 2)


def test_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        learnt(np.zeros((0, 4)))
