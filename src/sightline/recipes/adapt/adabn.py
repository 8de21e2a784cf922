"""AdaBN (Li et al. 2016, https://arxiv.org/abs/1603.04779): learn on the source, normalise as the target lies."""

from sightline.methods.adapt.adabn import AdaBN, Config
from sightline.recipes.adapt.numbers import adapting, common, little
from sightline.towers.spec import ResNetSpec, SmallStem
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Recipe

PAPER = "Li et al. 2016"
LEARNS = "classes of another domain, by the BatchNorm statistics of its pictures"


def build(recipe: Recipe) -> AdaBN:
    return adapting(recipe, AdaBN)


def small() -> Recipe:
    """32 pixels, half of the pictures without labels. `sightline train adabn --data 'domains(SRC, SRC)'`"""
    return common("adabn.small", build, Config())


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    image = ResNetSpec(depths=(1, 1), width=16, stem=SmallStem(stride=2))
    return little(small(), "adabn.tiny", parts=Parts(image=image))
