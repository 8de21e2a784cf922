"""The two instance losses against sums written out, in float64, values and gradients."""

from math import exp, log

import pytest
import torch
import torch.nn.functional as F

from sightline.losses.instance import instance_nce, instance_softmax, partition, proximal

B, N, D, M, TAU = 5, 11, 3, 7, 0.3


def case():
    generator = torch.Generator().manual_seed(3)
    query = F.normalize(torch.randn(B, D, generator=generator, dtype=torch.float64), dim=1).requires_grad_()
    entries = torch.randn(N, D, generator=generator, dtype=torch.float64)  # a fresh bank is not normalised
    index = torch.tensor([4, 0, 10, 4, 7])
    return query, entries, index, entries[torch.randint(N, (M,), generator=generator)]


def same(loss, expected, query):
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(*(torch.autograd.grad(x, query)[0] for x in (loss, expected)))


def test_the_full_softmax_is_the_cross_entropy_with_the_bank():
    query, entries, index, _ = case()
    expected = F.cross_entropy(query @ entries.T / TAU, index)
    same(instance_softmax(query, entries, index, TAU), expected, query)


def test_nce_is_the_sum_written_out():
    query, entries, index, noise = case()
    z = 23.0
    terms = []
    for v, i in zip(query, index, strict=True):
        p = torch.exp(v @ entries[i] / TAU) / z
        term = torch.log(p / (p + M / N))
        for other in noise:
            p = torch.exp(v @ other / TAU) / z
            term = term + torch.log(1 - p / (p + M / N))
        terms.append(-term)
    expected = torch.stack(terms).mean()
    log_z = torch.tensor(log(z), dtype=torch.float64)
    same(instance_nce(query, entries[index], noise, TAU, log_z=log_z, count=N), expected, query)


def test_z_is_the_count_times_the_mean_of_all_exponentials():
    query, entries, index, noise = case()
    scores = [float(v.detach() @ w) / TAU for v, i in zip(query, index, strict=True) for w in (entries[i], *noise)]
    expected = N * sum(map(exp, scores)) / len(scores)
    assert float(partition(query, entries[index], noise, TAU, count=N)) == pytest.approx(expected)


def test_with_all_noise_and_the_true_z_nce_has_the_direction_of_the_full_softmax():
    """Gutmann & Hyvarinen 2010: the more noise, the nearer NCE's gradient is to maximum likelihood's. One row, because
    Z is one number for all of them."""
    query, entries, index, _ = case()
    query = query.detach()[:1].requires_grad_()
    log_z = torch.logsumexp(query.detach() @ entries.T / TAU, 1)[0]
    noise = entries.repeat(500, 1)
    nce = instance_nce(query, entries[index[:1]], noise, TAU, log_z=log_z, count=N)
    full = instance_softmax(query, entries, index[:1], TAU)
    torch.testing.assert_close(*(torch.autograd.grad(x, query)[0] for x in (nce, full)), rtol=1e-2, atol=1e-2)


def test_no_gradient_reaches_the_bank():
    query, entries, index, noise = case()
    entries.requires_grad_()
    own, noise = entries[index], noise.clone().requires_grad_()
    log_z = torch.tensor(1.0, dtype=torch.float64)
    (
        instance_softmax(query, entries, index, TAU)
        + instance_nce(query, own, noise, TAU, log_z=log_z, count=N)
        + proximal(query, own)
    ).backward()
    assert entries.grad is None and noise.grad is None and query.grad is not None


def test_half_precision_is_compared_in_float32():
    query, entries, index, noise = (x.float() if x.is_floating_point() else x for x in case())
    query = query.detach()
    with torch.autocast("cpu", torch.bfloat16):
        loss = instance_softmax(query, entries, index, 0.04)
        nce = instance_nce(query, entries[index], noise, 0.04, log_z=torch.tensor(2.0), count=N)
    assert loss.dtype == nce.dtype == torch.float32
    assert loss == instance_softmax(query, entries, index, 0.04)
    assert nce == instance_nce(query, entries[index], noise, 0.04, log_z=torch.tensor(2.0), count=N)


def test_the_proximal_term_is_the_mean_squared_distance():
    query, entries, index, _ = case()
    expected = sum(((v - entries[i]) ** 2).sum() for v, i in zip(query, index, strict=True)) / B
    same(proximal(query, entries[index]), expected, query)
