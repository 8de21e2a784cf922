import math

import pytest
import torch
import torch.nn.functional as F

from sightline.losses.ntxent import nt_xent


def views(b=5, d=7, dtype=torch.float64):
    return [F.normalize(torch.randn(b, d, dtype=dtype), dim=1).requires_grad_() for _ in range(2)]


def naive(first, second, temperature):
    """Equation 1 of the paper, pair by pair."""
    rows = [*first, *second]
    b = len(first)
    total = torch.zeros((), dtype=first.dtype)
    for i in range(2 * b):
        j = (i + b) % (2 * b)
        below = torch.zeros((), dtype=first.dtype)
        for k in range(2 * b):
            if k != i:
                below = below + (rows[i] @ rows[k] / temperature).exp()
        total = total - (rows[i] @ rows[j] / temperature) + below.log()
    return total / (2 * b)


@pytest.mark.parametrize("chunk", [None, 1, 3, 100])
@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_it_equals_the_naive_double_loop_in_value_and_gradient(temperature, chunk):
    ours = views()
    theirs = [v.detach().clone().requires_grad_() for v in ours]
    loss, expected = nt_xent(*ours, temperature, chunk=chunk), naive(*theirs, temperature)
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=1e-12)
    loss.backward()
    expected.backward()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-8, atol=1e-10)


def test_it_equals_lightly():
    from lightly.loss import NTXentLoss

    theirs = [(3 * v.detach()).requires_grad_() for v in views(6, 8, torch.float32)]  # lightly normalises
    mine = [v.detach().clone().requires_grad_() for v in theirs]
    loss, expected = nt_xent(*(F.normalize(v, dim=1) for v in mine), 0.3), NTXentLoss(0.3)(*theirs)
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-6)
    loss.backward()
    expected.backward()
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("chunk", [None, 2])
def test_my_rows_against_everyones_average_to_the_whole_batch(chunk):
    first, second = views(6)
    whole = nt_xent(first, second, 0.2)
    parts = [
        nt_xent(first[s:e], second[s:e], 0.2, first=s, first_all=first, second_all=second, chunk=chunk)
        for s, e in ((0, 3), (3, 6))
    ]
    torch.testing.assert_close(sum(parts) / 2, whole)
    expected = torch.autograd.grad(whole, [first, second])
    for a, b in zip(torch.autograd.grad(sum(parts) / 2, [first, second]), expected, strict=True):
        torch.testing.assert_close(a, b)


def test_order_of_pictures_of_views_and_a_rotation_change_nothing():
    first, second = (v.detach() for v in views())
    loss, order = nt_xent(first, second, 0.2), torch.randperm(5)
    turn = torch.linalg.qr(torch.randn(7, 7, dtype=torch.float64)).Q
    for changed in ((first[order], second[order]), (second, first), (first @ turn, second @ turn)):
        torch.testing.assert_close(nt_xent(*changed, 0.2), loss)
    assert not torch.allclose(nt_xent(first, second[order.roll(1)], 0.2), loss)


def test_constant_vectors_score_ln_of_2b_minus_1_and_perfect_ones_zero():
    same = F.normalize(torch.ones(8, 4, dtype=torch.float64), dim=1)
    assert nt_xent(same, same, 0.07).item() == pytest.approx(math.log(15))
    apart = torch.eye(8, dtype=torch.float64)
    assert nt_xent(apart, apart, 0.01).item() == pytest.approx(0, abs=1e-9)


def test_gradcheck():
    first, second = views(4, 3)
    for chunk in (None, 3):
        assert torch.autograd.gradcheck(lambda x, y, chunk=chunk: nt_xent(x, y, 0.5, chunk=chunk), (first, second))


def test_under_autocast_it_is_float32_and_finite_in_half_precision():
    first, second = views(5, 7, torch.float32)
    expected = nt_xent(first, second, 0.05)
    for chunk in (None, 4):
        with torch.autocast("cpu", torch.bfloat16):
            loss = nt_xent(first, second, 0.05, chunk=chunk)
        assert loss.dtype == torch.float32
        torch.testing.assert_close(loss, expected)
    half = nt_xent(first.half(), second.half(), 0.05)
    assert half.isfinite() and half.dtype == torch.float32


def test_one_picture_and_a_temperature_of_zero_are_refused():
    with pytest.raises(ValueError, match="a batch of one picture has no negatives"):
        nt_xent(*views(1), 0.2)
    with pytest.raises(ValueError, match="temperature is positive"):
        nt_xent(*views(), 0.0)
