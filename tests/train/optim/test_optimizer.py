"""Optimisers, clipping and rates against their equations."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from sightline.nn.tag import decayed
from sightline.train import checkpoint
from sightline.train.optim.clipping import EachTensor, clip_gradients, norm_of
from sightline.train.optim.optimizer import LARS, SGD, AdamW, Nesterov, set_decay, set_rate
from sightline.train.optim.schedule import linear_rate, root_rate
from sightline.train.recipe.override import override


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)).double()


def fill(method, step):
    torch.manual_seed(100 + step)
    for parameter in method.parameters():
        parameter.grad = torch.randn_like(parameter)


def test_lars_equals_algorithm_1_under_a_moving_rate():
    method, spec = model(), LARS(lr=0.2, momentum=0.8, weight_decay=0.3, trust=0.01)
    optimizer = spec.build(method, decayed(method))
    weights = [p.detach().clone() for p in method.parameters()]
    velocity = [torch.zeros_like(w) for w in weights]
    for step in range(4):
        rate = 0.2 / (1 + step)
        set_rate(optimizer, rate)
        fill(method, step)
        gradients = [p.grad.clone() for p in method.parameters() if p.grad is not None]
        optimizer.step()
        for number, (w, g) in enumerate(zip(weights, gradients, strict=True)):
            if w.ndim > 1:
                g = g + 0.3 * w
                g = g * 0.01 * math.sqrt(sum(float(x) ** 2 for x in w.flatten())) / float(g.norm())
            velocity[number] = 0.8 * velocity[number] + rate * g
            weights[number] = w - velocity[number]
        for ours, theirs in zip(method.parameters(), weights, strict=True):
            assert torch.allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_lars_steps_do_not_depend_on_the_scale_of_the_gradient_but_of_biases_they_do():
    def moved(scale):
        method = model()
        before = [p.detach().clone() for p in method.parameters()]
        optimizer = LARS(weight_decay=0.0).build(method, decayed(method))
        fill(method, 0)
        for parameter in method.parameters():
            assert parameter.grad is not None
            parameter.grad *= scale
        optimizer.step()
        return [p.detach() - b for p, b in zip(method.parameters(), before, strict=True)]

    for one, ten in zip(moved(1.0), moved(10.0), strict=True):
        assert torch.allclose(ten, one if one.ndim > 1 else 10 * one)


def test_lars_moves_a_tensor_of_zeros():
    method = nn.Linear(3, 2, bias=False)
    nn.init.zeros_(method.weight)
    optimizer = LARS(lr=0.1).build(method, decayed(method))
    method.weight.grad = torch.ones_like(method.weight)
    optimizer.step()
    assert torch.allclose(method.weight, torch.full((2, 3), -0.1))


def test_lars_goes_on_from_a_checkpoint():
    def run(steps, state=None):
        method = model()
        optimizer = LARS(weight_decay=0.1).build(method, decayed(method))
        if state is not None:
            checkpoint.load_weights(method, state[0])
            checkpoint.load_moments(method, optimizer, state[1])
        for step in steps:
            set_rate(optimizer, 0.1 * (step + 1))
            fill(method, step)
            optimizer.step()
        return checkpoint.gather_weights(method), checkpoint.gather_moments(method, optimizer)

    whole, parted = run(range(6))[0], run(range(3, 6), run(range(3)))[0]
    assert all(torch.equal(whole[name], parted[name]) for name in whole)


@pytest.mark.parametrize("spec", [SGD(weight_decay=0.1), Nesterov(weight_decay=0.1)])
def test_sgd_with_plain_momentum_and_nesterovs_by_their_equations(spec):
    method = nn.Linear(3, 2, bias=False).double()
    optimizer = spec.build(method, decayed(method))
    w, v = method.weight.detach().clone(), torch.zeros(2, 3, dtype=torch.float64)
    for step in range(4):
        fill(method, step)
        assert method.weight.grad is not None
        g = method.weight.grad + 0.1 * w
        optimizer.step()
        v = 0.9 * v + g
        w = w - 0.1 * (g + 0.9 * v if isinstance(spec, Nesterov) else v)
        torch.testing.assert_close(method.weight.detach(), w)


@pytest.mark.parametrize("spec", [SGD(), Nesterov()])
def test_a_first_gradient_may_come_after_those_of_other_parameters(spec):
    method, alone = model(), model()
    optimizer, late = (spec.build(part, decayed(part)) for part in (method, alone))
    for step in range(3):
        fill(method, step)
        if step < 2:
            for parameter in method[2].parameters():
                parameter.grad = None
        optimizer.step()
    fill(alone, 2)
    late.step()
    for ours, theirs in zip(method[2].parameters(), alone[2].parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_weight_decay_follows_half_a_cosine_and_only_where_there_is_decay():
    method = model()
    spec = AdamW(weight_decay=0.04, final_weight_decay=0.4)
    optimizer = spec.build(method, decayed(method))

    def at(step):
        set_decay(optimizer, spec, step, 100)
        return [group["weight_decay"] for group in optimizer.param_groups]

    assert at(0) == [pytest.approx(0.04), 0.0]
    assert at(50) == [pytest.approx(0.22), 0.0]
    assert at(25) == [pytest.approx(0.4 - 0.36 * 0.5 * (1 + math.cos(math.pi / 4))), 0.0]
    assert at(100) == [pytest.approx(0.4), 0.0]
    constant = replace(spec, final_weight_decay=None)
    set_decay(optimizer, constant, 0, 100)
    assert optimizer.param_groups[0]["weight_decay"] == pytest.approx(0.4)
    with pytest.raises(ValueError, match="starts from a decay above 0"):
        AdamW(weight_decay=0.0, final_weight_decay=0.4)


def test_each_tensor_is_clipped_by_its_own_norm_and_the_whole_norm_is_told():
    method = model()
    fill(method, 0)
    before = [p.grad.clone() for p in method.parameters() if p.grad is not None]
    norm = clip_gradients(method.parameters(), EachTensor(1.5))
    assert float(norm) == pytest.approx(math.sqrt(sum(float(g.square().sum()) for g in before)))
    for parameter, g in zip(method.parameters(), before, strict=True):
        assert parameter.grad is not None
        assert torch.allclose(parameter.grad, g * min(1.0, 1.5 / (float(g.norm()) + 1e-6)))
    assert {float(g.norm()) > 1.5 for g in before} == {True, False}


def test_the_whole_gradient_is_clipped_by_one_norm_and_0_leaves_it():
    method = model()
    fill(method, 0)
    norm = clip_gradients(method.parameters(), 0.0)
    assert float(norm_of(method.parameters())) == pytest.approx(float(norm))
    clip_gradients(method.parameters(), 0.5)
    assert float(norm_of(method.parameters())) == pytest.approx(0.5, rel=1e-4)
    assert float(norm_of([])) == 0


def test_a_limit_of_nothing_is_refused_and_clip_is_set_from_the_shell():
    from sightline.recipes.image_text import clip

    with pytest.raises(ValueError, match="above 0"):
        EachTensor(0.0)
    each = replace(clip.tiny(), clip=EachTensor(3.0))
    assert override(each, ["clip.limit=2"]).clip == EachTensor(2.0)
    assert override(clip.tiny(), ["clip=0.5"]).clip == 0.5


def test_rates_grow_with_the_batch_and_its_root():
    assert linear_rate(5e-4, 1024) == pytest.approx(2e-3)
    assert root_rate(2e-4, 256) == pytest.approx(1e-4)
