import torch

from sightline.nn.reversal import reversed_gradient


def test_forward_is_the_identity_and_the_gradient_that_of_what_follows_times_minus_lambda():
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    made = reversed_gradient(x, torch.tensor(0.25))
    assert torch.equal(made, x)
    made.pow(3).sum().backward()
    torch.testing.assert_close(x.grad, -0.25 * 3 * x.detach() ** 2, rtol=1e-6, atol=0)


def test_at_a_strength_of_0_what_comes_before_does_not_feel_what_follows():
    x = torch.ones(2, requires_grad=True)
    reversed_gradient(x, 0.0).sum().backward()
    assert torch.equal(x.grad, torch.zeros(2))
