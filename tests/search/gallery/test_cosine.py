"""The cosine classifier: its gradient, where it starts, and what fine-tuning does to it."""

import numpy as np
import pytest

from sightline.data.array import unit
from sightline.data.feed.labelled import Episodes
from sightline.probes.few_shot import by_mean, drawn, scored
from sightline.search.gallery.cosine import CosineClassifier, finetuned, finetuned_answer, loss_and_gradients

RNG = np.random.default_rng(4)


def case(sizes=(3, 1, 4), d=5):
    """Weights of any length, the log of a scale, unit vectors and their labels."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    vectors = RNG.normal(size=(len(labels), d)) + 2 * np.eye(len(sizes), d)[labels]
    return RNG.normal(size=(len(sizes), d)) * 3, 0.7, unit(vectors).astype(np.float64), labels


def test_the_loss_is_the_mean_over_classes_of_the_mean_over_examples():
    weights, log_scale, vectors, labels = case()
    means = []
    for k in range(3):
        each = []
        for vector in vectors[labels == k]:
            logits = [np.exp(log_scale) * vector @ w / np.linalg.norm(w) for w in weights]
            each.append(-np.log(np.exp(logits[k]) / np.sum(np.exp(logits))))
        means.append(np.mean(each))
    assert loss_and_gradients(weights, log_scale, vectors, labels)[0] == pytest.approx(np.mean(means), abs=1e-12)


def test_the_gradient_is_that_of_finite_differences():
    weights, log_scale, vectors, labels = case()
    _, by_weights, by_scale = loss_and_gradients(weights, log_scale, vectors, labels)

    def slope(move_weights, move_scale, by=1e-6):
        ends = [
            loss_and_gradients(weights + h * move_weights, log_scale + h * move_scale, vectors, labels)[0]
            for h in (by, -by)
        ]
        return (ends[0] - ends[1]) / (2 * by)

    for place in np.ndindex(weights.shape):
        one = np.zeros_like(weights)
        one[place] = 1
        assert by_weights[place] == pytest.approx(slope(one, 0), abs=1e-8)
    assert by_scale == pytest.approx(slope(np.zeros_like(weights), 1), abs=1e-8)


def test_the_loss_is_finite_where_a_share_is_none_to_the_last_bit():
    weights, _, vectors, labels = case()
    loss, by_weights, by_scale = loss_and_gradients(weights, 9.0, vectors, labels)
    assert np.isfinite([loss, by_scale]).all() and np.isfinite(by_weights).all() and loss > 100


def test_an_example_that_comes_twice_weighs_what_it_weighed():
    weights, log_scale, vectors, labels = case()
    once = loss_and_gradients(weights, log_scale, vectors, labels)
    more = np.append(np.arange(8), np.flatnonzero(labels == 2))
    twice = loss_and_gradients(weights, log_scale, vectors[more], labels[more])
    assert once[0] == pytest.approx(twice[0]) and np.allclose(once[1], twice[1]) and once[2] == pytest.approx(twice[2])


def test_fine_tuning_starts_at_the_imprinted_weights_and_every_step_lowers_the_loss():
    _, _, vectors, labels = case((2, 5, 3, 1), 7)
    start = CosineClassifier(unit(np.stack([vectors[labels == k].mean(0) for k in range(4)])))
    assert finetuned(start, vectors, labels, 0) is start
    losses = []
    for steps in (0, 1, 2, 5, 20, 80, 300):
        at = finetuned(start, vectors, labels, steps)
        losses.append(loss_and_gradients(at.weights.astype(np.float64), np.log(at.scale), vectors, labels)[0])
        assert np.allclose(np.linalg.norm(at.weights, axis=1), 1, atol=1e-6)
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.5 * losses[0]


def test_without_steps_the_answer_is_the_nearest_imprinted_class_and_with_them_a_better_one():
    """A direction that says nothing and varies most: the mean of a few examples falls for it."""
    labels, rng = np.repeat(np.arange(10), 20), np.random.default_rng(0)
    vectors = rng.normal(size=(200, 16)) + rng.normal(size=(10, 16))[labels]
    vectors[:, 0] = 4 * rng.normal(size=200)
    vectors, order = unit(vectors), Episodes(ways=5, shots=5, queries=5)
    rows = drawn(labels, order, 100)
    imprinted = by_mean(vectors, rows, order, "cosine")
    none = scored(vectors, rows, order, lambda support, queries: finetuned_answer(support, queries, 0))
    tuned = scored(vectors, rows, order, lambda support, queries: finetuned_answer(support, queries, 100))
    assert none.values.tolist() == imprinted.values.tolist()
    assert 0.7 < imprinted.mean < tuned.mean - 0.04
