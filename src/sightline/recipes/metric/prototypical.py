"""Prototypical networks (Snell et al. 2017, https://arxiv.org/abs/1703.05175): a class is the mean of its examples."""

from dataclasses import replace

from sightline.data.feed.labelled import Episodes
from sightline.data.views.kinds import OneView
from sightline.data.views.moved import MovedView
from sightline.methods.metric.prototypical import Config, Prototypical
from sightline.recipes.metric.order import ordered
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes_conv import conv4
from sightline.towers.spec import ConvNetSpec
from sightline.train.optim.optimizer import Adam
from sightline.train.optim.schedule import Halving
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Snell et al. 2017"
LEARNS = "a space in which a class is the mean of a few examples: new classes without training"


def build(recipe: Recipe) -> Prototypical:
    episodes = ordered(recipe, Episodes, Episodes(ways=20, shots=1, queries=5))
    return Prototypical(recipe.parts.image.build(), episodes, recipe.method)


def small() -> Recipe:
    """Signs of 28 pixels, a hundred classes. `sightline train prototypical --data "signs:train?turns=4" --out RUN`"""
    return Recipe(
        name="prototypical.small",
        build=build,
        method=Config(),
        parts=Parts(image=conv4()),
        data=Data(
            source="icons", size=28, views=MovedView(), order=Episodes(ways=30, shots=1, queries=5)
        ),  # ours: fewer ways than the paper's 60, since an episode is a step's cost; moved, since drawings are few
        optim=Adam(lr=1e-3),
        schedule=Halving(every=500),  # ours
        batch=180,
        steps=2000,  # ours
        clip=0.0,
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="prototypical.tiny",
        parts=Parts(image=ConvNetSpec(size=32, width=16)),
        data=Data(source="icons?n=64", size=32, views=MovedView(), order=Episodes(ways=2, shots=1, queries=1)),
        batch=8,
        clip=1.0,
    )


def omniglot() -> Recipe:
    """The paper's on 4,800 classes (1,200 characters in four turns): 20-way 1-shot 96.0 (the paper's run, not ours)."""
    return replace(
        small(),
        name="prototypical.omniglot",
        data=Data(
            source="omniglot/train?turns=4",
            size=28,
            views=MovedView(rotate=0.0, translate=0.0, scale=(1.0, 1.0), shear=0.0),
            order=Episodes(ways=60, shots=1, queries=5),
        ),
        schedule=Halving(every=2000),
        batch=360,
        steps=10_000,  # ours: the paper trains until a validation loss stops falling
        evaluation=Evaluation(every=2000, metric="rankme"),
    )


def mini() -> Recipe:
    """miniImageNet, 84 px: 5-way 1-shot 49.42, trained on 30 ways (the paper's run, not ours)."""
    return replace(
        omniglot(),
        name="prototypical.mini",
        parts=Parts(image=conv4(84)),
        data=Data(
            source="miniimagenet/train",
            size=84,
            views=OneView(scale=(0.8, 1.0)),  # ours
            order=Episodes(ways=30, shots=1, queries=15),
        ),
        batch=480,
    )
