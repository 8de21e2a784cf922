"""DANN (Ganin et al. 2016, https://arxiv.org/abs/1505.07818): features from which no network tells the domain."""

from sightline.methods.adapt.dann import DANN, Config
from sightline.recipes.adapt.numbers import adapting, common, little
from sightline.train.recipe.recipe import Recipe

PAPER = "Ganin et al. 2016"
LEARNS = "classes of another domain, by features that do not tell the domain"


def build(recipe: Recipe) -> DANN:
    return adapting(recipe, DANN)


def small() -> Recipe:
    """32 pixels, half of the pictures without labels. `sightline train dann --data 'domains(SRC, SRC)'`"""
    return common("dann.small", build, Config())


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return little(small(), "dann.tiny")
