"""Real trainings of 200 steps: broken ones are told by the right cause, healthy ones by none."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from sightline.data.source import open_source
from sightline.nn.tag import decayed
from sightline.recipes import byol, dino, simclr
from sightline.train.feed import Feed
from sightline.train.loop import Learner
from sightline.train.monitor import Monitor
from sightline.train.options import Options

CPU = torch.device("cpu")
STEPS = 201


def alarms(recipe, spoil=None):
    """What is said in the first 200 steps of a recipe, its method spoilt before."""
    source = open_source(recipe.data.source)
    recipe = replace(recipe, steps=STEPS)
    torch.manual_seed(recipe.seed)
    method = recipe.build(recipe).train()
    if spoil is not None:
        spoil(method)
    learner = Learner(recipe, method, None, CPU, total=STEPS, decayed=decayed(method), sharded=False)
    feed, monitor = Feed(recipe, source, None, method, Options(quiet=True)), Monitor(recipe.batch)
    said = []
    for step, batch in enumerate(feed.batches(0, STEPS)):
        row = learner.step(step, feed.augment(batch, step, CPU))
        said += monitor.observe(step, row, learner.watched())
    return said


def teaching(recipe, **changes):
    return replace(recipe, method=replace(recipe.method, teaching=replace(recipe.method.teaching, **changes)))


def test_dino_without_centering_is_called_so():
    def stay(method):
        method.targets.update = lambda: None

    [text] = alarms(dino.tiny(), stay)
    assert "one-prototype collapse, sharpening without centering" in text


def test_dino_without_sharpening_is_called_so():
    [text] = alarms(teaching(dino.tiny(), temperature=(0.2, 0.2)))
    assert "uniform collapse, centering without sharpening" in text


def test_byol_without_its_predictor_is_called_so():
    def remove(method):
        method.predict = nn.Identity()

    [text] = alarms(byol.tiny(), remove)
    assert "the target network gives every picture nearly the same vector" in text and "no predictor" in text


@pytest.mark.parametrize("tiny", [simclr.tiny, byol.tiny, dino.tiny], ids=["simclr", "byol", "dino"])
def test_a_healthy_run_raises_no_alarm(tiny):
    assert not alarms(tiny())
