import pytest
import torch

from sightline.losses.weighted import weighted_mean


@pytest.mark.parametrize("kind", [torch.float64, torch.bool])
def test_the_mean_over_ranks_of_uneven_weight_is_that_of_all_samples(kind):
    x = torch.randn(9, dtype=torch.float64, requires_grad=True)
    weight = torch.tensor([1, 1, 0, 1, 0, 0, 0, 0, 1], dtype=kind)
    parts = [slice(0, 3), slice(3, 6), slice(6, 9)]
    ranks = [weighted_mean(x[part], weight[part], lambda w: weight.double().sum() / 3) for part in parts]
    mean, whole = torch.stack(ranks).mean(), x[weight.bool()].mean()
    torch.testing.assert_close(mean, whole)
    torch.testing.assert_close(torch.autograd.grad(mean, x), torch.autograd.grad(whole, x))
