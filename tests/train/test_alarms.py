"""Real trainings of 150 steps: broken ones are told by the right cause, healthy ones by none."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn

from sightline.data.sources.source import open_source
from sightline.methods.parts.targets import Sinkhorn
from sightline.nn.tag import decayed
from sightline.recipes.pictures import byol, dino, simclr
from sightline.towers.spec import Mean
from sightline.train.feed import Feed
from sightline.train.loop import Learner
from sightline.train.options import Options
from sightline.train.recipe.parts import Parts
from sightline.train.watch.monitor import Monitor

CPU = torch.device("cpu")
STEPS = 151


@cache
def batches(tiny):
    """What a recipe learns from in 150 steps, three looks: made once for all its tests."""
    recipe = replace(tiny(), steps=STEPS)
    feed = Feed(recipe, open_source(recipe.data.source), None, recipe.build(recipe), Options(quiet=True))
    return [feed.augment(batch, step, CPU) for step, batch in enumerate(feed.batches(0, STEPS))]


def alarms(recipe, seen, spoil=None):
    """What is said while a recipe learns from `seen`, its method spoilt before."""
    recipe = replace(recipe, steps=STEPS)
    torch.manual_seed(recipe.seed)
    method = recipe.build(recipe).train()
    if spoil is not None:
        spoil(method)
    learner = Learner(recipe, method, None, CPU, total=STEPS, decayed=decayed(method), sharded=False)
    monitor = Monitor(recipe.batch)
    said = []
    for step, batch in enumerate(seen):
        said += monitor.observe(step, learner.step(step, batch), learner.watched())
    return said


def teaching(recipe, **changes):
    return replace(recipe, method=replace(recipe.method, teaching=replace(recipe.method.teaching, **changes)))


def test_dino_without_centering_is_called_so():
    def stay(method):
        method.targets.update = lambda: None

    [text] = alarms(dino.tiny(), batches(dino.tiny), stay)
    assert "one-prototype collapse, sharpening without centering" in text


def test_dino_without_sharpening_is_called_so():
    [text] = alarms(teaching(dino.tiny(), temperature=(0.2, 0.2)), batches(dino.tiny))
    assert "uniform collapse, centering without sharpening" in text


def test_byol_without_its_predictor_is_called_so():
    def remove(method):
        method.predict = nn.Identity()

    [text] = alarms(byol.tiny(), batches(byol.tiny), remove)
    assert "the target network gives every picture nearly the same vector" in text and "no predictor" in text


def balanced():
    """`dino.tiny` with the targets and the pooling of `dino.small`."""
    recipe = dino.tiny()
    image, method = replace(recipe.parts.image, pool=Mean()), replace(recipe.method, targets=Sinkhorn())
    return replace(recipe, parts=Parts(image=image), method=method)


SLOW = [pytest.param(tiny, marks=pytest.mark.slow) for tiny in (simclr.tiny, byol.tiny, balanced)]


@pytest.mark.parametrize("tiny", [dino.tiny, *SLOW])
def test_a_healthy_run_raises_no_alarm(tiny):
    assert not alarms(tiny(), batches(dino.tiny if tiny is balanced else tiny))


def test_advice_names_the_numbers_where_they_are():
    q = torch.full((8, 16), 1 / 16)
    monitor = Monitor(8, patience=0, numbers="method.base")
    for step in (50, 100):
        said = monitor.observe(step, {}, {"image": torch.randn(8, 6), "teacher": q, "student": q.log()})
    assert len(said) == 1 and "Halve method.base.teaching.temperature" in said[0]
