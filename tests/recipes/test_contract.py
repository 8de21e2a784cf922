"""One body for every system: what any recipe's tiny() promises."""

import copy

import pytest
import torch
from some_tasks import lasting_table

from sightline.data.sources.source import open_source
from sightline.nn.tag import decayed
from sightline.recipes.catalogue import systems
from sightline.recipes.find import find
from sightline.train.feed import Feed
from sightline.train.loop import Learner
from sightline.train.options import Options
from sightline.train.recipe.recipe import counted, fitted
from sightline.train.vocabulary import tokenizer_of

ADAPT = ("adabn.tiny", "coral.tiny", "dann.tiny", "self_training.tiny")
SOURCES = {
    "tips.tiny": "scenes?n=48&size=32&alt=0.3",
    "seq2seq.tiny": "grammars?n=48",
    **dict.fromkeys(("locca.tiny", "siglip2.tiny", "naflex.tiny"), "scenes?n=48&size=32"),
    **dict.fromkeys(("fcn.tiny", "faster_rcnn.tiny", "mask_rcnn.tiny"), "scenes?n=48&size=32"),
    "histogram.tiny": "icons?n=400",
    "multitask.tiny": lasting_table(48),
    **dict.fromkeys(ADAPT, "domains(icons?n=24, icons?n=24&seed=1)"),
}
"""for what icons lack: a few of them have one of each class, and a picture is like itself from the start"""
CPU = torch.device("cpu")


def learner(name):
    """The method of a recipe, and one batch of its data."""
    recipe = find(name)
    source = open_source(SOURCES.get(name, "icons?n=48"))
    tokenizer = tokenizer_of(recipe.data.tokenizer, source, recipe.seed, print) if recipe.reads_words else None
    recipe = counted(fitted(recipe, tokenizer), source)
    torch.manual_seed(0)
    method = recipe.build(recipe).train()
    made = Learner(recipe, method, None, CPU, total=60, decayed=decayed(method), sharded=False)
    feed = Feed(recipe, source, tokenizer, method, Options(quiet=True))
    return made, feed.augment(next(iter(feed.batches(0, 1))), 0, CPU)


def names():
    every = [f"{system.name}.tiny" for system in systems()]
    return [*every, "clip.icons"]  # icons: the same small towers with the terms wrapped around


MOVING = ("dino", "ibot", "dinov2", "silc", "tips")
"""Their targets move with them, so their loss need not fall: tests/recipes/test_self_distillation.py."""


@pytest.mark.parametrize("name", names())
def test_losses_are_finite_named_scalars_and_every_parameter_learns(name):
    made, batch = learner(name)
    losses = made.method(batch)
    assert losses and all(v.ndim == 0 and v.isfinite() for v in losses.values())
    sum(losses.values()).backward()
    named = list(made.method.named_parameters())
    assert not [n for n, p in named if p.requires_grad and p.grad is None]
    assert not [n for n, p in named if not p.requires_grad and p.grad is not None]


@pytest.mark.parametrize("name", [n for n in names() if n.endswith("tiny") and not n.startswith(MOVING)])
def test_one_batch_is_overfitted_and_a_reload_takes_the_same_next_step(name):
    made, batch = learner(name)
    first = made.step(0, batch)["loss"]
    for step in range(1, 50):
        last = made.step(step, batch)["loss"]
    assert last < 0.7 * first
    again, _ = learner(name)
    again.load_state(copy.deepcopy(made.state()))
    assert again.step(50, batch) == made.step(50, batch)
    assert all(torch.equal(a, b) for a, b in zip(again.method.parameters(), made.method.parameters(), strict=True))


@pytest.mark.parametrize("name", [f"{s.name}.{v.name}" for s in systems() for v in s.variants])
def test_every_recipe_is_a_valid_value_that_names_itself(name):
    recipe = find(name)
    assert recipe.name == name
    assert recipe.total(100_000) > 0


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match="known systems: acid, adabn, autoencoder, byol, cappa, clip, .* simclr"):
        find("clop")
    with pytest.raises(ValueError, match="no variant 'huge'; it has .*tiny"):
        find("clip.huge")
    assert find("clip").name == "clip.small"
