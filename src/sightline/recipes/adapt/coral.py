"""Deep CORAL (Sun and Saenko 2016, https://arxiv.org/abs/1607.01719): covariances of both domains made alike."""

from sightline.methods.adapt.coral import CORAL, Config
from sightline.recipes.adapt.numbers import adapting, common, little
from sightline.train.recipe.recipe import Recipe

PAPER = "Sun and Saenko 2016"
LEARNS = "classes of another domain, by covariances that are made alike"


def build(recipe: Recipe) -> CORAL:
    return adapting(recipe, CORAL)


def small() -> Recipe:
    """32 pixels, half of the pictures without labels. `sightline train coral --data 'domains(SRC, SRC)'`"""
    return common("coral.small", build, Config())


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return little(small(), "coral.tiny")
