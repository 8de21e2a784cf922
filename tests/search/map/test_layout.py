import numpy as np
import pytest

import sightline.search.map.neighbours as near
from sightline.search.map.layout import Grid, all_pairs, attractions, framed, layout
from sightline.search.map.neighbours import neighbours, principal


def clusters(n=600, e=24, count=6, seed=0):
    random = np.random.default_rng(seed)
    label = random.integers(0, count, n)
    rows = random.standard_normal((count, e))[label] + 0.25 * random.standard_normal((n, e))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), label


def nearest(points, k):
    distances = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1)[:, :k]


def kept(one, other):
    return np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(one, other, strict=True)])


def test_few_points_have_exactly_their_nearest_and_many_nearly(monkeypatch):
    points = clusters(900, 8)[0]
    truth = nearest(points, 7)
    assert kept(neighbours(points, 7), truth) == 1
    monkeypatch.setattr(near, "EXACT", 100)
    found = neighbours(points, 7)
    assert kept(found, truth) > 0.85 and not (found == np.arange(900)[:, None]).any()
    assert all(len(set(row)) == 7 for row in found.tolist())


def test_principal_directions_are_those_of_the_covariance():
    rows = clusters(300, 10)[0]
    turned = principal(rows, 10)
    np.testing.assert_allclose(turned.mean(axis=0), 0, atol=1e-5)
    variance = turned.var(axis=0)
    np.testing.assert_allclose(np.sort(variance)[::-1], variance, rtol=1e-4)
    np.testing.assert_allclose(variance, np.sort(np.linalg.eigvalsh(np.cov(rows.T, bias=True)))[::-1], atol=1e-5)


def test_attractions_are_the_symmetrised_shares_of_the_double_loop():
    found = neighbours(clusters(50, 6)[0], 5)
    p = np.zeros((50, 50))
    for i, row in enumerate(found):
        p[i, row] += 1 / (2 * 50 * 5)
        p[row, i] += 1 / (2 * 50 * 5)
    one, other, shares = attractions(found, 50)
    assert (one < other).all() and 2 * shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(p[one, other], shares)
    assert len(one) == (np.triu(p) > 0).sum()


def test_repulsion_on_the_grid_is_that_of_all_pairs():
    y = 12 * np.random.default_rng(0).standard_normal((400, 2))
    between = y[:, None] - y[None]
    w = 1 / (1 + (between**2).sum(axis=-1))
    np.fill_diagonal(w, 0)
    push, total = Grid().repulsion(y)
    exact = (w[..., None] ** 2 * between).sum(axis=1)
    np.testing.assert_allclose(all_pairs(y)[0], exact, atol=1e-12)
    assert all_pairs(y)[1] == pytest.approx(w.sum())
    assert total == pytest.approx(w.sum(), rel=0.01)
    assert np.linalg.norm(push - exact) < 0.1 * np.linalg.norm(exact)


@pytest.mark.parametrize("n", [300, 900])
def test_neighbours_stay_neighbours_better_than_by_a_plane(n):
    rows, label = clusters(n)
    placed = layout(rows, steps=250)
    flat, truth = nearest(placed.astype(np.float64), 10), nearest(rows.astype(np.float64), 10)
    plane = nearest(principal(rows, 2).astype(np.float64), 10)
    assert kept(flat, truth) > 1.5 * kept(plane, truth) and kept(flat, truth) > 0.25
    assert (label[flat] == label[:, None]).mean() > 0.95
    assert placed.min() >= -1 and placed.max() <= 1 and placed.dtype == np.float32


def test_a_seed_gives_one_map_and_another_another():
    rows = clusters(80)[0]
    once, again, other = (layout(rows, seed, steps=30) for seed in (0, 0, 1))
    assert np.array_equal(once, again) and not np.array_equal(once, other)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 20])
def test_few_pictures_have_a_map_too(n):
    placed = layout(clusters(max(n, 1), 5)[0][:n], steps=20)
    assert placed.shape == (n, 2) and np.isfinite(placed).all()


def test_equal_vectors_are_parted_and_nothing_breaks():
    placed = layout(np.tile(np.eye(1, 8, dtype=np.float32), (40, 1)), steps=40)
    assert np.isfinite(placed).all() and len(np.unique(placed, axis=0)) > 10


def test_a_frame_keeps_the_shape():
    made = framed(np.array([[0.0, 0], [4, 0], [0, 2]]))
    np.testing.assert_allclose(made, [[-1, -0.5], [1, -0.5], [-1, 0.5]])
