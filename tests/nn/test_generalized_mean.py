import pytest
import torch

from sightline.nn.pool import EPS, GemPool, generalized_mean
from sightline.nn.tag import decayed, groups
from sightline.towers.spec import Gem, GemMapSpec, ResNetSpec


def naive(tokens, p, real=None):
    """The equation, a number at a time."""
    b, n, d = tokens.shape
    out = torch.empty(b, d, dtype=tokens.dtype)
    for i in range(b):
        kept = [j for j in range(n) if real is None or real[i, j]]
        for c in range(d):
            total = sum(max(float(tokens[i, j, c]), EPS) ** p for j in kept)
            out[i, c] = (total / len(kept)) ** (1 / p)
    return out


def power(p, dtype=torch.float64):
    return torch.tensor(p, dtype=dtype)


@pytest.mark.parametrize("p", [0.5, 1.0, 3.0, 7.3])
def test_it_equals_the_double_loop_with_and_without_padding(p):
    tokens = torch.randn(3, 5, 7, dtype=torch.float64)
    real = torch.tensor([[True] * 5, [True, False, True, False, False], [False] * 4 + [True]])
    torch.testing.assert_close(generalized_mean(tokens, power(p)), naive(tokens, p))
    torch.testing.assert_close(generalized_mean(tokens, power(p), real), naive(tokens, p, real))


def test_p_of_one_is_the_mean_and_a_large_p_the_maximum():
    tokens = torch.rand(2, 9, 5, dtype=torch.float64) + 0.1
    torch.testing.assert_close(generalized_mean(tokens, power(1.0)), tokens.mean(1))
    torch.testing.assert_close(generalized_mean(tokens, power(2000.0)), tokens.amax(1), rtol=2e-3, atol=0)


def test_gradients_of_tokens_and_of_p_are_those_of_the_equation():
    tokens = (torch.rand(2, 5, 3, dtype=torch.float64) + 0.1).requires_grad_()
    p = power(3.0).requires_grad_()
    assert torch.autograd.gradcheck(generalized_mean, (tokens, p))
    generalized_mean(tokens, p).sum().backward()
    other, q = tokens.detach().clone().requires_grad_(), power(3.0).requires_grad_()
    other.pow(q).mean(1).pow(1 / q).sum().backward()
    torch.testing.assert_close(tokens.grad, other.grad)
    torch.testing.assert_close(p.grad, q.grad)


def test_p_cannot_be_learned_where_all_places_agree():
    """The mean of equal numbers is that number whatever p."""
    p = power(3.0).requires_grad_()
    generalized_mean(torch.full((2, 4, 3), 0.7, dtype=torch.float64), p).sum().backward()
    assert abs(float(p.grad)) < 1e-12


@pytest.mark.parametrize("p", [3.0, 30.0])
def test_dead_places_keep_a_finite_value_and_gradient_in_float32(p):
    """1e-6 to the power of 30 is 0, whose root has no gradient."""
    tokens, p = torch.zeros(2, 4, 3, requires_grad=True), power(p, torch.float32).requires_grad_()
    found = generalized_mean(tokens, p)
    found.sum().backward()
    torch.testing.assert_close(found, torch.full((2, 3), EPS))
    assert tokens.grad.isfinite().all() and p.grad.isfinite()


def test_a_row_without_a_real_token_is_eps():
    found = generalized_mean(torch.ones(2, 3, 4), power(3.0, torch.float32), torch.tensor([[True] * 3, [False] * 3]))
    torch.testing.assert_close(found, torch.tensor([[1.0] * 4, [EPS] * 4]))


def test_halves_come_back_as_halves_and_as_near_as_halves_are():
    tokens = torch.rand(2, 49, 8) + 0.1
    half = generalized_mean(tokens.bfloat16(), power(3.0, torch.float32))
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), generalized_mean(tokens.bfloat16().float(), power(3.0)), rtol=4e-3, atol=0)


def test_it_is_of_degree_one_and_knows_no_order():
    tokens = torch.rand(2, 6, 3, dtype=torch.float64) + 0.1
    found = generalized_mean(tokens, power(3.0))
    torch.testing.assert_close(generalized_mean(5 * tokens, power(3.0)), 5 * found)
    torch.testing.assert_close(generalized_mean(tokens[:, torch.randperm(6)], power(3.0)), found)


def test_resolution_changes_nothing_where_every_place_is_doubled():
    tower = ResNetSpec(depths=(1,), width=8, pool=GemMapSpec()).build()
    maps = torch.rand(2, 8, 3, 4)
    twice = maps.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(tower.pool(twice), tower.pool(maps))


def test_p_is_one_number_a_tower_and_never_decayed():
    tower = ResNetSpec(depths=(1,), width=8, pool=GemMapSpec()).build()
    assert tower.pool.p.shape == () and tower.pool.p.item() == 3.0
    assert "pool.p" not in decayed(tower)
    assert any(p is tower.pool.p for group in groups(tower, 0.1) for p in group["params"])
    pool = GemPool(3.0)
    assert pool(torch.rand(2, 4, 5), torch.zeros(2, 0, 5)).shape == (2, 5)


@pytest.mark.parametrize("kind", [Gem, GemMapSpec])
@pytest.mark.parametrize("p", [0.0, -1.0, float("inf"), float("nan")])
def test_a_power_that_is_none_is_refused(kind, p):
    with pytest.raises(ValueError, match="p above 0 and finite"):
        kind(p=p)
