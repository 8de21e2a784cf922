"""Self-training with a mean teacher (French et al. 2018, https://arxiv.org/abs/1706.05208)."""

from dataclasses import replace

from sightline.data.views.kinds import TwoViews
from sightline.methods.adapt.self_training import Config, SelfTraining
from sightline.recipes.adapt.numbers import adapting, common, little
from sightline.train.recipe.recipe import Recipe

PAPER = "French et al. 2018"
LEARNS = "classes of another domain, from the names that a teacher is sure of"


def build(recipe: Recipe) -> SelfTraining:
    return adapting(recipe, SelfTraining)


def small() -> Recipe:
    """32 pixels, half of the pictures without labels. `sightline train self_training --data 'domains(SRC, SRC)'`"""
    made = common("self_training.small", build, Config())
    return replace(made, data=replace(made.data, views=TwoViews(scale=(0.4, 1.0))))


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    made = little(small(), "self_training.tiny", method=Config(threshold=0.02))
    return replace(made, data=replace(made.data, views=TwoViews(kind="graphics")))
