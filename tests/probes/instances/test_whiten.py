import numpy as np
import pytest
import scipy.linalg

from sightline.probes.instances import from_pairs, matching, pca


def drawn(n=60, d=7, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)


def classes(n=60, kinds=10):
    """More kinds than numbers: fewer leave directions in which all classes agree, whose eigenvalues are equal."""
    return np.arange(n) % kinds


def scatter(rows, pairs):
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for i, j in pairs:
        for a in range(rows.shape[1]):
            for b in range(rows.shape[1]):
                total[a, b] += (rows[i, a] - rows[j, a]) * (rows[i, b] - rows[j, b]) / len(pairs)
    return total


def test_pca_makes_the_covariance_the_identity_and_keeps_the_greatest_first():
    rows = drawn()
    learnt = pca(rows)
    projected = (rows - learnt.mean) @ learnt.matrix
    np.testing.assert_allclose(np.cov(projected.T, bias=True), np.eye(7), atol=1e-9)
    values, axes = np.linalg.eigh(np.cov(rows.T, bias=True))
    expected = axes[:, ::-1][:, :3] / np.sqrt(values[::-1][:3])
    np.testing.assert_allclose(np.abs(pca(rows, 3).matrix), np.abs(expected), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(learnt(rows), axis=1), 1, atol=1e-6)


def test_pairs_give_the_generalised_eigenvectors_of_both_scatters():
    rows, labels = drawn(), classes()
    pairs = matching(labels)
    others = np.array([(i, j) for i in range(60) for j in range(i) if labels[i] != labels[j]])
    learnt = from_pairs(rows, pairs, others)
    same, apart = scatter(rows, pairs), scatter(rows, others)
    # matching differences are white, those that do not match are told apart in their order
    np.testing.assert_allclose(learnt.matrix.T @ same @ learnt.matrix, np.eye(7), atol=1e-8)
    told = learnt.matrix.T @ apart @ learnt.matrix
    values = scipy.linalg.eigh(apart, same, eigvals_only=True)[::-1]
    np.testing.assert_allclose(told, np.diag(values), atol=1e-7 * values[0])


def test_it_equals_the_published_code_which_takes_cholesky_and_all_pairs():
    rows, pairs = drawn(seed=1), matching(classes())
    learnt = from_pairs(rows, pairs)
    half = np.linalg.inv(np.linalg.cholesky(scatter(rows, pairs)))
    moved = half @ (rows - rows.mean(0)).T
    values, axes = np.linalg.eigh(moved @ moved.T)
    expected = (axes[:, ::-1].T @ half).T
    np.testing.assert_allclose(np.abs(learnt.matrix), np.abs(expected), rtol=1e-7, atol=1e-9)
    everyone = np.array([(i, j) for i in range(60) for j in range(60)])
    np.testing.assert_allclose(
        np.abs(from_pairs(rows, pairs, everyone).matrix), np.abs(learnt.matrix), rtol=1e-7, atol=1e-9
    )


def test_it_finds_the_direction_that_means_something_which_pca_does_not():
    rng = np.random.default_rng(2)
    labels = np.repeat(np.arange(40), 3)
    rows = np.stack([labels % 8 * 0.2 + rng.normal(size=120) * 0.02, rng.normal(size=120) * 3, rng.normal(size=120)], 1)
    one = from_pairs(rows, matching(labels), dims=1).matrix[:, 0]
    assert abs(one[0]) > 20 * max(abs(one[1]), abs(one[2]))
    assert abs(pca(rows, 1).matrix[1, 0]) > 20 * abs(pca(rows, 1).matrix[0, 0])


def test_order_of_pairs_and_their_direction_change_nothing():
    rows, pairs = drawn(seed=3), matching(classes())
    turned = pairs[::-1, ::-1]
    np.testing.assert_allclose(from_pairs(rows, pairs).matrix, from_pairs(rows, turned).matrix, rtol=1e-7, atol=1e-9)


def test_few_pairs_are_refused_and_a_ridge_takes_them():
    rows = drawn(seed=4)
    with pytest.raises(ValueError, match="3 matching pairs differ in 3 of 7 directions.*ridge=0.1"):
        from_pairs(rows, [[0, 1], [2, 3], [4, 5]])
    assert from_pairs(rows, [[0, 1], [2, 3], [4, 5]], ridge=0.1)(rows).shape == (60, 7)


def test_degenerate_vectors_are_refused_with_the_reason():
    rows = drawn(seed=5)
    rows[:, 6] = rows[:, 5]
    with pytest.raises(ValueError, match="60 vectors vary in 6 of 7 directions; dims=7"):
        pca(rows, 7)
    assert pca(rows).matrix.shape == (7, 6)
    with pytest.raises(ValueError, match="vary in 0 of 7 directions"):
        pca(np.ones((4, 7)))
    with pytest.raises(ValueError, match="equal vectors"):
        from_pairs(rows, [[0, 0], [1, 1]])
    with pytest.raises(ValueError, match=r"\(m, 2\) with m at least 1"):
        from_pairs(rows, np.zeros((0, 2), int))
    with pytest.raises(ValueError, match="pairs name vector 60; there are 0 to 59"):
        from_pairs(rows, [[0, 60]])
    with pytest.raises(ValueError, match="vector 1 is not finite"):
        pca([[1.0, 2.0], [np.inf, 0.0]])
    with pytest.raises(ValueError, match="learnt from vectors of 7 numbers; got 3"):
        pca(rows)(np.ones((2, 3)))


def test_matching_gives_each_pair_once():
    labels = np.array(["b", "a", "b", "c", "b"])
    expected = {(i, j) for i in range(5) for j in range(i + 1, 5) if labels[i] == labels[j]}
    found = [tuple(int(x) for x in pair) for pair in matching(labels)]
    assert set(found) == expected and len(found) == len(expected)
