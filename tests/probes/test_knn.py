import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from sightline.probes.knn import KNN


def clouds(n, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, n)
    return rng.normal(size=(n, 12)) + np.eye(4, 12)[labels] * 2, labels


def naive(train, labels, query, k, temperature):
    train = train / np.linalg.norm(train, axis=1, keepdims=True)
    query = query / np.linalg.norm(query)
    cosines = [float(row @ query) for row in train]
    near = sorted(range(len(train)), key=lambda i: -cosines[i])[:k]
    votes = {}
    for i in near:
        votes[labels[i]] = votes.get(labels[i], 0.0) + np.exp(cosines[i] / temperature)
    return max(sorted(votes), key=lambda c: votes[c])


def test_predictions_equal_the_naive_loop_and_sklearn():
    train, labels = clouds(101, 0)
    test, _ = clouds(37, 1)
    for k, temperature in ((1, 0.07), (5, 0.07), (20, 0.07), (101, 0.5)):
        got = KNN(k, temperature).fit(train, labels).predict(test)
        assert got.tolist() == [naive(train, labels, q, k, temperature) for q in test]
        oracle = KNeighborsClassifier(k, weights=lambda d, t=temperature: np.exp((1 - d) / t), metric="cosine")
        assert got.tolist() == oracle.fit(train, labels).predict(test).tolist()


def test_leaving_one_out_equals_refitting_without_it():
    train, labels = clouds(30, 2)
    expected = [
        KNN(5).fit(np.delete(train, i, 0), np.delete(labels, i)).predict(train[i : i + 1])[0] for i in range(30)
    ]
    assert KNN(5).fit(train, labels).predict_left_out().tolist() == expected


def test_scaling_the_vectors_changes_nothing_and_tiny_temperatures_do_not_overflow():
    train, labels = clouds(50, 3)
    test, truth = clouds(20, 4)
    plain = KNN(7, 1e-4).fit(train, labels)
    assert np.isfinite(plain.votes(test)).all()
    assert plain.predict(test).tolist() == KNN(7, 1e-4).fit(train * 1e3, labels).predict(test * 1e-3).tolist()
    assert plain.score(test, truth) == np.mean(plain.predict(test) == truth)


def test_unlabelled_vectors_do_not_vote():
    model = KNN(1).fit(np.array([[1.0, 0.0], [0.0, 1.0]]), [-1, 3])
    assert model.predict(np.array([[1.0, 0.0]])).tolist() == [3]
    with pytest.raises(ValueError, match="no vector has a label"):
        KNN().fit(np.eye(2), [-1, -1])
    with pytest.raises(ValueError, match="2 vectors came with 1"):
        KNN().fit(np.eye(2), [0])
