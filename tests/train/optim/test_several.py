"""Two optimisers in one step are two loops written by hand; rates by layer and frozen parts by their equations."""

import copy
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.functional import relu

from sightline import dist
from sightline.nn.depth import layer_rates
from sightline.nn.state.lock import lock_named
from sightline.nn.tag import decayed, groups
from sightline.recipes.pictures import mae
from sightline.towers.sizes import vit_small
from sightline.train.loop import Learner
from sightline.train.optim.optimizer import SGD, AdamW, set_rate
from sightline.train.optim.schedule import Constant
from sightline.train.recipe.override import override

CPU, STEPS = torch.device("cpu"), 5
G = AdamW(lr=0.02, betas=(0.5, 0.9), weight_decay=0.1)
D = SGD(lr=0.3, weight_decay=0.0)


class Rivals(nn.Module):
    """A generator that restores its input and fools a critic; the critic tells inputs from what the generator makes."""

    optimised = {"critic": ("real", "fake")}

    def __init__(self, every=1):
        super().__init__()
        torch.manual_seed(0)
        self.generator, self.critic, self.every, self.at = nn.Linear(3, 3), nn.Linear(3, 1), every, 0
        self.double()

    def groups(self):
        return {"critic": ("critic",)}

    def before_step(self, step, total):
        self.at = step

    def after_step(self):
        pass

    def forward(self, batch):
        x = batch["image"]
        made = self.generator(x)
        terms = {"restore": (made - x).square().mean(), "fool": -self.critic(made).mean()}
        if self.at % self.every == 0:
            terms["real"] = relu(1 - self.critic(x)).mean()
            terms["fake"] = relu(1 + self.critic(made.detach())).mean()
        return terms


def batches():
    torch.manual_seed(1)
    return [torch.randn(4, 3, dtype=torch.float64) for _ in range(STEPS)]


def recipe(**given):
    return replace(mae.tiny(), optim=G, optims={"critic": D}, schedule=Constant(warmup=3), batch=4, clip=0.4, **given)


def learner(method, made=None, **given):
    known = {"total": STEPS, "decayed": decayed(method), "sharded": False} | given
    return Learner(recipe() if made is None else made, method, None, CPU, **known)


def learn(every=1, state=None, start=0):
    """On a rank its own part of every batch."""
    made = learner(Rivals(every))
    if state is not None:
        made.load_state(state)
    rows = []
    for step, x in list(enumerate(batches()))[start:]:
        mine = x.chunk(dist.world())[dist.rank()]
        rows.append(made.step(step, {"image": mine}))
    return rows, made.state()


def by_hand(every):
    """Two loops' steps, each with a forward of its own before either steps, its gradients clipped by themselves."""
    method = Rivals()
    g = torch.optim.AdamW(
        [{"params": [method.generator.weight]}, {"params": [method.generator.bias], "weight_decay": 0.0}],
        lr=0.02, betas=(0.5, 0.9), eps=1e-6, weight_decay=0.1,
    )  # fmt: skip
    d = torch.optim.SGD(method.critic.parameters(), lr=0.3, momentum=0.9)
    for step, x in enumerate(batches()):
        for optimizer, rate in ((g, 0.02), (d, 0.3)):
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1, (step + 1) / 3)
        gradients = []
        for part, names in ((method.generator, ("restore", "fool")), (method.critic, ("real", "fake"))):
            method.at = 0
            terms = method({"image": x})
            loss = sum(terms[name] for name in names)
            gradients.append(torch.autograd.grad(loss, list(part.parameters())))
        for part, found in zip((method.generator, method.critic), gradients, strict=True):
            for p, gradient in zip(part.parameters(), found, strict=True):
                p.grad = gradient
            nn.utils.clip_grad_norm_(part.parameters(), 0.4)
        g.step()
        if step % every == 0:
            d.step()
    return method.state_dict()


def assert_same(state, expected):
    for name, value in expected.items():
        torch.testing.assert_close(state[name], value, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("every", [1, 2], ids=["together", "every other step"])
def test_two_optimisers_are_two_loops_and_one_without_terms_rests(every):
    rows, state = learn(every)
    assert_same(state["method"], by_hand(every))
    assert rows[3]["lr"] == 0.02 and rows[3]["lr_critic"] == 0.3
    assert [row["gradient_critic"] > 0 for row in rows] == [step % every == 0 for step in range(STEPS)]


def test_two_optimisers_on_two_ranks_are_those_of_one(ranks):
    alone = learn()[1]["method"]
    first, _ = ranks.run(__file__, "learn")
    assert_same(first[1]["method"], alone)


@pytest.mark.parametrize("start", [1, 3])
def test_two_optimisers_go_on_from_a_checkpoint_bit_for_bit(start):
    made = learner(Rivals(2))
    for step, x in enumerate(batches()[:start]):
        made.step(step, {"image": x})
    saved = copy.deepcopy(made.state())
    whole, parted = learn(2)[1], learn(2, saved, start)[1]
    assert all(torch.equal(whole["method"][name], parted["method"][name]) for name in whole["method"])
    moments, again = (state["optimizers"]["critic"]["state"] for state in (whole, parted))
    assert torch.equal(moments["critic.weight"]["momentum_buffer"], again["critic.weight"]["momentum_buffer"])


def test_saving_before_an_optimiser_began_counts_no_step_of_it():
    spec = replace(recipe(), optims={"critic": G})
    made = learner(Rivals(), spec)
    made.method.every = 10**9
    made.method.forward = partial(without_critic, made.method)
    made.step(0, {"image": batches()[0]})
    state = made.state()
    assert state["optimizers"]["critic"]["state"] == {} and not made.optimisers[1].optimizer.state
    assert set(state["optimizer"]["state"]) == {"generator.weight", "generator.bias"}


def without_critic(method, batch):
    return {"restore": (method.generator(batch["image"]) - batch["image"]).square().mean()}


@pytest.mark.parametrize(
    ("change", "given", "words"),
    [
        ({"optims": {}}, {}, "optims are none, and Rivals.groups.. has critic: each optimiser beside `optim` is named"),
        ({"optims": {"judge": D}}, {}, "optims are judge, and"),
        ({"micro": 2}, {}, "several optimisers .optims.critic. and micro=2.*Set micro=0"),
        ({}, {"sharded": True}, "which --shard cannot do"),
    ],
)
def test_what_several_optimisers_cannot_do_is_refused(change, given, words):
    with pytest.raises(ValueError, match=words):
        learner(Rivals(), replace(recipe(), **change), **given)


def test_parts_and_terms_of_two_owners_or_none_are_refused():
    method = Rivals()
    method.groups = lambda: {"critic": ("judge",)}
    with pytest.raises(ValueError, match="names 'judge'; its parts are generator, critic"):
        learner(method)
    method.groups = lambda: {"critic": ("critic", "generator")}
    with pytest.raises(ValueError, match="nothing of Rivals is left for optim to train"):
        learner(method)
    method.groups = lambda: {"critic": ("critic",), "other": ("critic.weight",)}
    method.optimised = {"critic": ("real", "fake"), "other": ("fool",)}
    with pytest.raises(ValueError, match="the parameter critic.weight belongs to critic and to other"):
        learner(method, replace(recipe(), optims={"critic": D, "other": D}))
    method = Rivals()
    method.optimised = {"critic": ("real", "fakes")}
    with pytest.raises(ValueError, match="fakes did not come: there are restore, fool, real, fake"):
        learner(method).step(0, {"image": batches()[0]})


def test_a_frozen_part_has_no_gradient_no_moment_and_the_same_bits():
    method = Rivals()
    method.frozen = ("generator",)
    method.extra = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    method.forward = lambda batch: Rivals.forward(method, batch) | {"more": (method.extra - 1).square().sum()}
    before = copy.deepcopy(method.generator.state_dict())
    lock_named(method)
    made = learner(method)
    for step, x in enumerate(batches()):
        made.step(step, {"image": x})
    assert all(torch.equal(value, before[name]) for name, value in method.generator.state_dict().items())
    assert all(p.grad is None and p not in made.optimizer.state for p in method.generator.parameters())
    assert not method.generator.training and set(made.state()["method"]) >= {"generator.weight"}
    method.frozen = ("tower",)
    with pytest.raises(ValueError, match="frozen names 'tower'; its parts are generator, critic"):
        lock_named(method)


class Tuned(nn.Module):
    def __init__(self, gamma=0.5):
        super().__init__()
        self.image, self.head, self.gamma = vit_small(32, 8, 3).build(), nn.Linear(4, 2), gamma

    def rates(self):
        return layer_rates(self.image, self.gamma, "image.")


def test_rates_by_layer_are_gamma_to_the_depth_and_one_less_the_layer():
    method = Tuned()
    rates = method.rates()
    assert rates.keys() == {f"image.{name}" for name, _ in method.image.named_parameters()}
    expected = {"stem.layers.0.weight": 0, "prefix": 0, "position.weight": 0, "stack.norm.weight": 3}
    expected |= {f"stack.blocks.{i}.mlp.fc1.weight": i + 1 for i in range(3)}
    assert {name: rates[f"image.{name}"] for name in expected} == {n: 0.5 ** (4 - at) for n, at in expected.items()}


def test_every_parameter_learns_at_its_own_rate_and_decays_by_the_rule_of_all():
    method = Tuned()
    optimizer = AdamW(lr=0.1, weight_decay=0.3).build(method, decayed(method))
    set_rate(optimizer, 0.1)
    rates, names = method.rates(), {p: name for name, p in method.named_parameters()}
    seen = [(names[p], group) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(name for name, _ in seen) == sorted(name for name, p in method.named_parameters() if p.requires_grad)
    for name, group in seen:
        assert group["lr"] == pytest.approx(0.1 * rates.get(name, 1.0))
        assert group["weight_decay"] == (0.3 if name in decayed(method) else 0.0)


def test_groups_without_rates_are_the_two_there_were():
    assert [sorted(group) for group in groups(Tuned().head, 0.1)] == [["params", "weight_decay"]] * 2


def test_rates_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match="above 0 and at most 1; got 1.5"):
        layer_rates(Tuned().image, 1.5)
    with pytest.raises(ValueError, match="Linear has no blocks, stages or convolutions"):
        layer_rates(nn.Linear(2, 2), 0.5)
    method = Tuned()
    method.rates = lambda: {"head.weigth": 0.5}
    with pytest.raises(ValueError, match="names head.weigth, no parameters of it"):
        groups(method, 0.1)
    method.rates = lambda: {"head.weight": 0.0}
    with pytest.raises(ValueError, match="the multiple 0.0; it must be above 0"):
        groups(method, 0.1)


def test_a_further_optimiser_is_set_from_the_shell():
    made = override(recipe(), ["optims.critic.lr=0.5"])
    assert made.optims == {"critic": replace(D, lr=0.5)}
    assert override(made, ["optims.critic=Adam(lr=0.1)"]).optims["critic"].lr == 0.1
    with pytest.raises(ValueError, match="no optimiser 'judge' .* beside optim there are critic"):
        override(made, ["optims.judge.lr=1"])
