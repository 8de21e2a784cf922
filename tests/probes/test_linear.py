import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sightline.probes.linear import LinearProbe, mean_and_deviation


def clouds(n, classes=5, width=12, seed=0, apart=0.7):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    mixed = (rng.normal(size=(n, width)) + apart * np.eye(classes, width)[labels]) @ rng.normal(size=(width, width))
    return (3 + mixed).astype(np.float32), labels


@pytest.mark.parametrize("strength", [1e-3, 0.316, 30.0])
def test_weights_and_predictions_equal_sklearn(strength):
    vectors, labels = clouds(700)
    train, held = vectors[:400], vectors[400:]
    probe = LinearProbe(strength).fit(train, labels[:400])
    scaler = StandardScaler().fit(train.astype(np.float64))
    rows, others = scaler.transform(train.astype(np.float64)), scaler.transform(held.astype(np.float64))
    oracle = LogisticRegression(C=strength, max_iter=5000, tol=1e-10).fit(rows, labels[:400])
    # both leave the bias free, which is fixed up to a constant of all classes
    np.testing.assert_allclose(probe.coef_, oracle.coef_, atol=1e-3)
    centred = oracle.intercept_ - oracle.intercept_.mean()
    np.testing.assert_allclose(probe.intercept_ - probe.intercept_.mean(), centred, atol=1e-3)
    assert probe.predict(held).tolist() == oracle.predict(others).tolist()
    assert probe.score(held, labels[400:]) == oracle.score(others, labels[400:])


def test_two_classes_and_more_numbers_than_vectors_equal_sklearn():
    vectors, labels = clouds(40, classes=2, width=90)
    probe = LinearProbe(0.1).fit(vectors, 7 * labels + 3)
    assert probe.classes_.tolist() == [3, 10]
    # sklearn fits one weight w = w_1 - w_0 to two classes; with w_1 = -w_0 both penalties together are |w|^2 / 2
    rows = StandardScaler().fit_transform(vectors.astype(np.float64))
    oracle = LogisticRegression(C=0.2, max_iter=5000, tol=1e-10).fit(rows, labels)
    np.testing.assert_allclose(probe.coef_[1:] - probe.coef_[:1], oracle.coef_, atol=1e-3)


def test_the_slope_of_the_naive_loss_is_zero_at_the_weights():
    vectors, labels = clouds(150, classes=3)
    probe = LinearProbe(0.5).fit(vectors, labels)
    rows = torch.from_numpy(((vectors - probe.mean_) / probe.deviation_).astype(np.float64))
    weight = torch.from_numpy(probe.coef_).requires_grad_()
    bias = torch.from_numpy(probe.intercept_).requires_grad_()
    loss = 0.5 / probe.C_ * weight.square().sum()
    for row, label in zip(rows, labels, strict=True):
        logits = torch.stack([row @ weight[c] + bias[c] for c in range(3)])
        loss = loss - logits[label] + torch.log(sum(torch.exp(z) for z in logits))
    loss.backward()
    assert weight.grad.abs().max() < 1e-3 and bias.grad.abs().max() < 1e-3  # of a sum of 150
    np.testing.assert_allclose(probe.coef_.sum(axis=0), 0, atol=1e-4)


def test_scaling_and_moving_the_vectors_changes_nothing():
    vectors, labels = clouds(200)
    plain = LinearProbe(0.1).fit(vectors, labels)
    moved = LinearProbe(0.1).fit(vectors * 50 - 9, labels)
    np.testing.assert_allclose(plain.coef_, moved.coef_, atol=1e-3)


def test_the_strength_is_chosen_on_held_out_vectors_and_scaled_to_all():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(120, 100)).astype(np.float32)
    labels = (vectors[:, 0] > 0).astype(int)
    vectors[:, 0] += rng.normal(size=120)
    probe = LinearProbe((1e-4, 1e-2, 1.0), held=0.25).fit(vectors, labels)
    assert set(probe.accuracies_) == {1e-4, 1e-2, 1.0}
    best = max(probe.accuracies_.values())
    smallest = min(c for c, accuracy in probe.accuracies_.items() if accuracy == best)
    assert probe.C_ == pytest.approx(smallest * 0.75)
    again = LinearProbe(probe.C_).fit(vectors, labels)
    np.testing.assert_allclose(probe.coef_, again.coef_, atol=1e-4)


def test_unlabelled_vectors_and_constant_numbers_play_no_part():
    vectors, labels = clouds(90, classes=3)
    wide = np.concatenate([vectors, np.full((90, 1), 1e4 / 3, np.float32)], 1)
    more = np.concatenate([wide, np.full((5, 13), 100, np.float32)])
    probe = LinearProbe(1.0).fit(more, [*labels, *[-1] * 5])
    plain = LinearProbe(1.0).fit(vectors, labels)
    np.testing.assert_allclose(probe.coef_[:, :12], plain.coef_, atol=1e-4)
    np.testing.assert_allclose(probe.coef_[:, 12], 0, atol=1e-6)
    assert probe.score(more, [*labels, *[-1] * 5]) == plain.score(vectors, labels)


def test_what_cannot_be_fitted_is_refused():
    vectors, labels = clouds(20)
    with pytest.raises(ValueError, match="20 vectors came with 19 labels"):
        LinearProbe().fit(vectors, labels[1:])
    with pytest.raises(ValueError, match="at least two classes"):
        LinearProbe().fit(vectors, np.zeros(20, int))
    with pytest.raises(ValueError, match="1 of 20 vectors are not finite"):
        LinearProbe().fit(np.where(np.arange(20)[:, None] == 3, np.nan, vectors), labels)
    with pytest.raises(ValueError, match="above 0"):
        LinearProbe(0.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        LinearProbe(held=1.0)


def test_a_number_that_only_rounding_changes_counts_as_constant():
    rows = np.full((1000, 2), 0.1, np.float32)
    rows[:, 1] = np.arange(1000)
    assert mean_and_deviation(rows)[1][0] == 1 and mean_and_deviation(rows)[1][1] > 200


@pytest.mark.slow
def test_fifty_thousand_vectors_equal_sklearn():
    vectors, labels = clouds(60_000, classes=10, width=256, apart=1.0)
    torch.set_num_threads(2)
    probe = LinearProbe().fit(vectors[:50_000], labels[:50_000])
    rows = StandardScaler().fit_transform(vectors[:50_000].astype(np.float64))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = LogisticRegression(C=probe.C_, max_iter=2000, tol=1e-6).fit(rows, labels[:50_000])
    np.testing.assert_allclose(probe.coef_, oracle.coef_, atol=1e-3)
