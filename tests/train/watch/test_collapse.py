"""The quantities of the collapse monitor against their definitions, in plain loops."""

import math

import pytest
import torch

from sightline.train.watch.collapse import Usage, divergences, entropy, mean_cosine, measured, normalised_std


def test_mean_cosine_equals_the_double_loop():
    x = torch.randn(5, 3, dtype=torch.float64)
    pairs = [torch.cosine_similarity(x[i], x[j], dim=0) for i in range(5) for j in range(5) if i != j]
    assert mean_cosine(x) == pytest.approx(float(torch.stack(pairs).mean()), abs=1e-6)


def test_normalised_std_equals_the_loop_and_ignores_the_lengths():
    z = torch.randn(7, 5, dtype=torch.float64)
    unit = [row / row.norm() for row in z]
    columns = [torch.stack([row[d] for row in unit]) for d in range(5)]
    expected = math.sqrt(5) * sum(float(((c - c.mean()) ** 2).mean().sqrt()) for c in columns) / 5
    assert normalised_std(z) == pytest.approx(expected, abs=1e-6)
    assert normalised_std(z * torch.rand(7, 1)) == pytest.approx(expected, abs=1e-6)


def test_normalised_std_is_one_on_the_sphere_and_zero_at_a_point():
    assert normalised_std(torch.randn(4000, 64)) == pytest.approx(1.0, abs=0.02)
    assert normalised_std(torch.ones(8, 64)) == pytest.approx(0.0, abs=1e-6)


def test_entropy_and_divergence_equal_their_sums():
    q, p = torch.randn(4, 6).softmax(1), torch.randn(4, 6).softmax(1)
    rows = [sum(-float(x) * math.log(x) for x in row) for row in q]
    assert entropy(q) == pytest.approx(sum(rows) / 4, abs=1e-5)
    terms = [float(q[i, k]) * math.log(q[i, k] / p[i, k]) for i in range(4) for k in range(6)]
    assert float(divergences(q, p.log()).mean()) == pytest.approx(sum(terms) / 4, abs=1e-5)


def test_limits_of_the_entropies():
    k = 9
    one = torch.zeros(5, k)
    one[:, 3] = 1
    assert entropy(one) == 0 and entropy(torch.full((5, k), 1 / k)) == pytest.approx(math.log(k), abs=1e-5)
    assert float(divergences(one, torch.full((5, k), 1 / k).log()).mean()) == pytest.approx(math.log(k), abs=1e-5)
    assert measured({"teacher": torch.eye(k)})["marginal"] == pytest.approx(math.log(k), abs=1e-5)


def test_usage_counts_each_prototype_once_and_starts_anew():
    usage, rows = Usage(), torch.eye(10)
    usage.add(rows[[0, 1, 1, 2]])
    usage.add(rows[[2, 3, 3, 3, 3, 3]])
    assert usage.look() == {"prototypes": pytest.approx(0.4)}
    usage.add(rows[[0]])
    assert usage.look() == {}  # one row says nothing of ten prototypes
    usage.add(rows)
    assert usage.look() == {"prototypes": 1.0}


def test_a_batch_of_one_and_bfloat16_are_measured_too():
    assert "image_std" not in measured({"image": torch.randn(1, 4)})
    found = measured({"image": torch.randn(8, 4).bfloat16()})
    assert 0 < found["image_rankme"] <= 4.01
