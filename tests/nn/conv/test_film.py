"""FiLM: the algebra of a linear map per channel, unconditioned at the start, and alive in both of its inputs."""

import torch
import torch.nn.functional as F

from sightline.nn.conv.film import FiLM, FiLMBlock, coordinates, dead_share, modulate


def awake(film):
    """The layer with a generator that says something."""
    torch.nn.init.normal_(film.generator.weight)
    torch.nn.init.normal_(film.generator.bias)
    return film


def test_at_the_start_it_changes_nothing():
    x, z = torch.randn(2, 3, 4, 5), torch.randn(2, 7)
    torch.testing.assert_close(FiLM(7, 3)(x, z), x)


def test_it_equals_a_diagonal_linear_map_per_sample():
    film = awake(FiLM(7, 3)).double()
    x, z = torch.randn(2, 3, 4, 5).double(), torch.randn(2, 7).double()
    gamma, beta = film.modulation(z)
    torch.testing.assert_close(gamma - 1, F.linear(z, film.generator.weight[:3], film.generator.bias[:3]))
    for i in range(2):
        rows = x[i].permute(1, 2, 0)
        expected = F.linear(rows, torch.diag(gamma[i]), beta[i]).permute(2, 0, 1)
        torch.testing.assert_close(film(x, z)[i], expected)


def test_tokens_and_maps_are_modulated_alike():
    film, x, z = awake(FiLM(7, 3)), torch.randn(2, 3, 4, 5), torch.randn(2, 7)
    tokens = film(x.flatten(2).transpose(1, 2), z)
    torch.testing.assert_close(tokens.transpose(1, 2).reshape(x.shape), film(x, z))


def test_gradients_reach_map_condition_and_generator():
    film = awake(FiLM(3, 2)).double()
    x = torch.randn(2, 2, 2, 3, dtype=torch.float64, requires_grad=True)
    z = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(film, (x, z))
    assert torch.autograd.gradcheck(modulate, (x, *(part.detach().requires_grad_() for part in film.modulation(z))))


def test_the_generator_learns_from_its_zeros():
    film = FiLM(7, 3)
    film(torch.randn(4, 3, 2, 2), torch.randn(4, 7)).pow(2).sum().backward()
    assert film.generator.weight.grad.abs().min() > 0


def test_permuting_the_conditions_permutes_what_they_do():
    film, x, z = awake(FiLM(7, 3)), torch.randn(1, 3, 4, 4).expand(3, -1, -1, -1), torch.randn(3, 7)
    order = torch.tensor([2, 0, 1])
    torch.testing.assert_close(film(x, z[order]), film(x, z)[order])
    assert not torch.allclose(film(x, z[order]), film(x, z))


def test_coordinates_say_where():
    made = coordinates(torch.zeros(2, 5, 3, 4))
    assert made.shape == (2, 2, 3, 4)
    assert made[0, 0, 0].tolist() == torch.linspace(-1, 1, 4).tolist()
    assert made[1, 1, :, 2].tolist() == [-1, 0, 1]


def test_the_block_is_a_residual_of_its_first_convolution():
    block = FiLMBlock(4, 6).eval()
    awake(block.film)
    x, z = torch.randn(2, 4, 5, 5), torch.randn(2, 6)
    y = torch.relu(block.enter(torch.cat([x, coordinates(x)], 1)))
    gamma, beta = block.film.modulation(z)
    inner = block.conv(y) / (1 + block.norm.eps) ** 0.5
    expected = y + torch.relu(gamma[..., None, None] * inner + beta[..., None, None])
    torch.testing.assert_close(block(x, z), expected)


def test_the_published_block_has_the_papers_sizes():
    block = FiLMBlock()
    assert block.enter.weight.shape == (128, 130, 1, 1) and block.conv.weight.shape == (128, 128, 3, 3)
    assert block.film.generator.weight.shape == (256, 4096)
    assert not list(block.norm.parameters())


def test_dead_channels_are_counted():
    assert dead_share(torch.tensor([[0.0, 1.0], [-0.04, -2.0]])) == 0.5
