"""What the contract asks of a method whose loss need not fall: its target moves with it."""

import copy
from dataclasses import replace

import pytest
import torch

from sightline.data.sources.source import open_source
from sightline.nn.tag import decayed
from sightline.recipes.catalogue import systems
from sightline.recipes.find import find
from sightline.train.feed import Feed
from sightline.train.loop import Learner
from sightline.train.options import Options
from sightline.train.recipe.recipe import fitted
from sightline.train.vocabulary import tokenizer_of
from sightline.train.watch.collapse import measured

CPU = torch.device("cpu")
NAMES = ["dino.tiny", "ibot.tiny", "dinov2.tiny", "silc.tiny", "tips.tiny"]
SOURCES = {"tips.tiny": "scenes?n=48&size=32&alt=0.3"}
"""for what icons lack"""


def learner(name):
    """The method of a recipe, and one batch of its data."""
    recipe, source = find(name), open_source(SOURCES.get(name, "icons?n=48"))
    tokenizer = tokenizer_of(recipe.data.tokenizer, source, recipe.seed, print) if recipe.reads_words else None
    recipe = fitted(recipe, tokenizer)
    torch.manual_seed(0)
    method = recipe.build(recipe).train()
    made = Learner(recipe, method, None, CPU, total=60, decayed=decayed(method), sharded=False)
    feed = Feed(recipe, source, tokenizer, method, Options(quiet=True))
    return made, feed.augment(next(iter(feed.batches(0, 1))), 0, CPU)


@pytest.mark.parametrize("name", NAMES)
def test_a_student_comes_to_agree_with_its_teacher_and_a_reload_takes_the_same_next_step(name):
    made, batch = learner(name)
    made.step(0, batch)
    first = measured(made.method.watched)["divergence"]
    for step in range(1, 50):
        made.step(step, batch)
    assert measured(made.method.watched)["divergence"] < 0.7 * first
    again, _ = learner(name)
    again.load_state(copy.deepcopy(made.state()))
    assert again.step(50, batch) == made.step(50, batch)
    assert all(torch.equal(a, b) for a, b in zip(again.method.parameters(), made.method.parameters(), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_learns_and_the_teacher_gets_nothing(name):
    made, batch = learner(name)
    made.method.before_step(1, 60)
    sum(made.method(batch).values()).backward()
    learns = {n: p.grad is not None for n, p in made.method.named_parameters() if p.numel()}  # a prefix of no tokens
    assert all(learned != ("teacher" in n) for n, learned in learns.items())


def test_the_small_recipes_balance_their_batches():
    for name in (
        "dino.small",
        "dino.resnet",
        "ibot.small",
        "dinov2.small",
        "dinov2.centered",
        "dinov2.gram",
        "silc.small",
    ):
        recipe = find(name)
        recipe.build(recipe).check(recipe.batch)


def distilled():
    """(name, the method's config, where it is set) of every recipe whose method has targets."""
    for system in systems():
        for variant in system.variants:
            recipe = find(f"{system.name}.{variant.name}")
            config = getattr(recipe.method, "base", recipe.method)
            if hasattr(config, "targets"):
                yield recipe, config


def test_every_recipe_balances_its_batch():
    found = list(distilled())
    assert {"dino.s16", "ibot.b16", "dinov2.l14", "dinov2.gram", "silc.b16", "tips.b14"} <= {
        recipe.name for recipe, _ in found
    }
    for recipe, config in found:
        for head in (config.head, getattr(config, "patch_head", config.head)):
            config.targets.check(head.prototypes, recipe.batch)


def test_grams_refusals_name_where_its_numbers_are():
    gram = find("dinov2.gram")
    method = gram.build(gram)
    with pytest.raises(ValueError, match=r"Set method\.base\.head\.prototypes=128, or batch=128"):
        method.check(16)
    config = replace(gram.method.base, patch_head=replace(gram.method.base.patch_head, prototypes=2048))
    gram = replace(gram, method=replace(gram.method, base=config))
    with pytest.raises(ValueError, match=r"Set method\.base\.patch_head\.prototypes=1024"):
        gram.build(gram).check(128)
