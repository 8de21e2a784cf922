import pytest
import torch
import torch.nn.functional as F

from sightline.losses.regression import unit_regression


def rows(dtype=torch.float64):
    return torch.randn(5, 7, dtype=dtype, requires_grad=True), torch.randn(5, 7, dtype=dtype, requires_grad=True)


def naive(prediction, target):
    total = torch.zeros((), dtype=prediction.dtype)
    for p, z in zip(prediction, target.detach(), strict=True):
        total = total + ((p / p.square().sum().sqrt() - z / z.square().sum().sqrt()) ** 2).sum()
    return total / len(prediction)


def test_it_equals_the_naive_squared_distance_in_value_and_gradient():
    prediction, target = rows()
    loss = unit_regression(prediction, target)
    torch.testing.assert_close(loss, naive(prediction, target), rtol=1e-10, atol=1e-12)
    mine = torch.autograd.grad(loss, prediction)[0]
    torch.testing.assert_close(mine, torch.autograd.grad(naive(prediction, target), prediction)[0])


def test_it_equals_two_plus_two_of_lightlys_negative_cosine():
    from lightly.loss import NegativeCosineSimilarity

    prediction, target = rows(torch.float32)
    loss, expected = (
        unit_regression(prediction, target),
        2 + 2 * NegativeCosineSimilarity()(prediction, target.detach()),
    )
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-6)
    mine, theirs = (torch.autograd.grad(x, prediction)[0] for x in (loss, expected))
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-7)


def test_no_gradient_reaches_the_target():
    prediction, target = rows()
    unit_regression(prediction, target).backward()
    assert prediction.grad is not None and target.grad is None


def test_lengths_rotations_and_order_change_nothing():
    prediction, target = (x.detach() for x in rows())
    loss, order = unit_regression(prediction, target), torch.randperm(5)
    turn = torch.linalg.qr(torch.randn(7, 7, dtype=torch.float64)).Q
    for a, b in (
        (3 * prediction, 0.1 * target),
        (prediction @ turn, target @ turn),
        (prediction[order], target[order]),
        (target, prediction),
    ):
        torch.testing.assert_close(unit_regression(a, b), loss)


def test_its_range_is_zero_to_four():
    x = torch.randn(5, 7)
    assert unit_regression(x, 2 * x).item() == pytest.approx(0, abs=1e-6)
    assert unit_regression(x, -x).item() == pytest.approx(4, abs=1e-6)


def test_gradcheck_and_float32_under_autocast():
    prediction, target = rows()
    assert torch.autograd.gradcheck(lambda p: unit_regression(p, target), (prediction,))
    low = F.normalize(torch.randn(5, 7), dim=1).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        assert unit_regression(low, low).dtype == torch.float32
