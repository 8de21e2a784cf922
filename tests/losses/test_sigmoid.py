import math

import pytest
import torch
from open_clip.loss import SigLipLoss
from torch.nn.functional import normalize

from sightline.losses import sigmoid_contrastive

GROUPS = torch.tensor([4, 4, 9, 1, 9, 4, 2])


def pairs(b=7, e=5, dtype=torch.float64):
    v, u = (normalize(torch.randn(b, e, dtype=dtype), dim=-1).requires_grad_() for _ in range(2))
    scale, bias = (torch.tensor(x, dtype=dtype, requires_grad=True) for x in (6.0, -2.5))
    return v, u, scale, bias


def naive(v, u, scale, bias, groups):
    total = 0.0
    for i in range(len(v)):
        for j in range(len(u)):
            z = 1 if groups[i] == groups[j] else -1
            logit = scale * sum(x * y for x, y in zip(v[i], u[j], strict=True)) + bias
            total = total - torch.log(1 / (1 + torch.exp(-z * logit)))
    return total / len(v)


@pytest.mark.parametrize("chunk", [None, 3, 7, 100])
@pytest.mark.parametrize("groups", [None, GROUPS], ids=["pairs", "captions"])
def test_sigmoid_equals_the_naive_loop_in_value_and_gradient(chunk, groups):
    inputs = pairs()
    expected = naive(*inputs, torch.arange(7) if groups is None else groups)
    loss = sigmoid_contrastive(*inputs, groups=groups, chunk=chunk)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=1e-12)
    for mine, theirs in zip(torch.autograd.grad(loss, inputs), torch.autograd.grad(expected, inputs), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("chunk", [None, 2])
@pytest.mark.parametrize("groups", [None, GROUPS[:6]], ids=["pairs", "captions"])
def test_blocks_of_texts_add_up_to_the_whole(chunk, groups):
    """Two ranks of three rows: each adds its own block and the other's, which holds no pair of its own."""
    v, u, scale, bias = inputs = pairs(b=6)
    total = torch.zeros((), dtype=torch.float64)
    for mine in (slice(0, 3), slice(3, 6)):
        for block in (slice(0, 3), slice(3, 6)):
            total = total + sigmoid_contrastive(
                v[mine], u[block], scale, bias, first=0 if mine == block else None, chunk=chunk,
                groups=None if groups is None else groups[mine], groups_all=None if groups is None else groups[block],
            )  # fmt: skip
    expected = sigmoid_contrastive(*inputs, groups=groups)
    torch.testing.assert_close(total / 2, expected, rtol=1e-10, atol=0)
    for mine, whole in zip(torch.autograd.grad(total / 2, inputs), torch.autograd.grad(expected, inputs), strict=True):
        torch.testing.assert_close(mine, whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("chunk", [None, 3])
def test_sigmoid_equals_open_clips(chunk):
    v, u, scale, bias = inputs = pairs(b=8, e=16, dtype=torch.float32)
    expected, loss = SigLipLoss()(v, u, scale, bias), sigmoid_contrastive(*inputs, chunk=chunk)
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-6)
    for mine, theirs in zip(torch.autograd.grad(loss, inputs), torch.autograd.grad(expected, inputs), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("chunk", [None, 2])
def test_everyones_texts_at_an_offset_equal_the_rows_of_the_whole(chunk):
    v, u, scale, bias = pairs(b=6)
    parts = [sigmoid_contrastive(v[i : i + 3], u, scale, bias, first=i, chunk=chunk) for i in (0, 3)]
    torch.testing.assert_close(sum(parts) / 2, sigmoid_contrastive(v, u, scale, bias))


def test_the_start_costs_ten_a_positive_and_nothing_a_negative():
    v = torch.eye(64, dtype=torch.float64)
    u = v.roll(1, 0)  # every pair orthogonal, one non-pair per row alike
    loss = sigmoid_contrastive(v, u, torch.tensor(1e-9).double(), torch.tensor(-10.0).double())
    assert float(loss) == pytest.approx(10 + 64 * math.log1p(math.exp(-10)), rel=1e-6)


@pytest.mark.parametrize("chunk", [None, 3])
def test_under_autocast_the_logits_stay_float32(chunk):
    inputs = pairs(dtype=torch.float32)
    expected = sigmoid_contrastive(*inputs)
    with torch.autocast("cpu", torch.bfloat16):
        loss = sigmoid_contrastive(*inputs, chunk=chunk)
    gradients = torch.autograd.grad(loss, inputs)
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-6)
    for mine, theirs in zip(gradients, torch.autograd.grad(expected, inputs), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)
