"""Frozen prototypes as the optimiser sees them: not at all, so that their first update is a first update."""

import copy
from dataclasses import replace

import torch

from sightline.data.sources.source import open_source
from sightline.nn.tag import decayed
from sightline.recipes.pictures import dino
from sightline.train.feed import Feed
from sightline.train.loop import Learner
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import Constant
from sightline.train.options import Options

CPU, TOTAL, FROZEN, LR = torch.device("cpu"), 60, 12, 1e-3


def learner():
    base = dino.tiny()
    recipe = replace(
        base,
        method=replace(
            base.method,
            head=replace(base.method.head, norms="trained"),
            teaching=replace(base.method.teaching, freeze=FROZEN / TOTAL),
        ),
        optim=AdamW(lr=LR, betas=(0.9, 0.999), eps=1e-12, weight_decay=0.04),
        schedule=Constant(),
    )
    torch.manual_seed(0)
    method = recipe.build(recipe).train()
    made = Learner(recipe, method, None, CPU, total=TOTAL, decayed=decayed(method), sharded=False)
    feed = Feed(recipe, open_source("icons?n=32"), None, method, Options(quiet=True))
    return made, feed.augment(next(iter(feed.batches(0, 1))), 0, CPU)


def last(made):
    return {name: p.detach().clone() for name, p in made.method.pair.student.head.last.named_parameters()}


def test_frozen_prototypes_stay_whole_and_their_first_free_update_is_as_long_as_the_rate():
    made, batch = learner()
    before = last(made)
    for step in range(FROZEN):
        made.step(step, batch)
    assert all(torch.equal(value, before[name]) for name, value in last(made).items())
    made.step(FROZEN, batch)
    for name, value in last(made).items():
        moved = (value - before[name] * (1 - LR * 0.04 * (name == "weight"))).abs()  # decoupled decay apart
        torch.testing.assert_close(moved.mean(), torch.tensor(LR), rtol=0.02, atol=0.0)


def test_a_run_resumed_while_they_are_frozen_goes_on_the_same():
    made, batch = learner()
    for step in range(FROZEN - 2):
        made.step(step, batch)
    again, _ = learner()
    again.load_state(copy.deepcopy(made.state()))
    for step in range(FROZEN - 2, FROZEN + 3):
        assert again.step(step, batch) == made.step(step, batch)
    assert all(torch.equal(a, b) for a, b in zip(again.method.parameters(), made.method.parameters(), strict=True))
    for mine, theirs in ((again, made), (made, again)):
        steps = [mine.optimizer.state[p]["step"] for p in mine.last]
        assert {int(step) for step in steps} == {3} and mine.last[0].shape == theirs.last[0].shape
