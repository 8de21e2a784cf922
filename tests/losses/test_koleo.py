import pytest
import torch
from lightly.loss import KoLeoLoss
from torch.nn.functional import normalize

from sightline.losses.koleo import EPS, koleo


def test_the_mean_log_distance_to_the_nearest_other():
    x = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    unit = [row / row.norm() for row in x]
    total = 0.0
    for i, row in enumerate(unit):
        distances = torch.stack([(row - other).norm() for j, other in enumerate(unit) if j != i])
        total = total - torch.log(distances.min()) / 6
    loss = koleo(x)
    torch.testing.assert_close(loss, total, rtol=1e-6, atol=1e-7)
    mine, theirs = torch.autograd.grad(loss, x), torch.autograd.grad(total, x)
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)


def test_value_and_gradient_are_lightlys():
    x = torch.randn(32, 16, requires_grad=True)
    mine, theirs = koleo(x), KoLeoLoss()(x)
    torch.testing.assert_close(mine, theirs, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(*(torch.autograd.grad(loss, x) for loss in (mine, theirs)), rtol=1e-5, atol=1e-6)


def test_the_mean_over_ranks_is_the_loss_of_the_whole():
    x = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    parts = [koleo(x[first : first + 2], first=first, everyone=x) for first in (0, 2, 4)]
    loss, whole = sum(parts) / 3, koleo(x)
    torch.testing.assert_close(loss, whole)
    torch.testing.assert_close(*(torch.autograd.grad(value, x) for value in (loss, whole)))


def test_lengths_and_turns_cost_nothing():
    x = torch.randn(8, 4, dtype=torch.float64)
    turn = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64)).Q
    torch.testing.assert_close(koleo(x * torch.rand(8, 1, dtype=torch.float64).add(0.5)), koleo(x))
    torch.testing.assert_close(koleo(x @ turn), koleo(x))


def test_equal_rows_cost_much_and_stay_finite():
    x = normalize(torch.randn(1, 64), dim=1).repeat(4, 1).requires_grad_()
    loss = koleo(x)
    assert loss.item() == pytest.approx(-torch.log(torch.tensor(EPS * (64**0.5 + 1))).item(), rel=1e-3)
    loss.backward()
    assert x.grad.isfinite().all()


def test_one_row_has_no_neighbour():
    with pytest.raises(ValueError, match="batch of 2 or more"):
        koleo(torch.randn(1, 4))
