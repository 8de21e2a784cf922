"""Histogram loss (Ustinova and Lempitsky 2016, https://arxiv.org/abs/1611.00822): similarities as two distributions."""

from dataclasses import replace

from sightline.data.feed.labelled import PK
from sightline.data.views.kinds import OneView
from sightline.methods.metric.histogram import Config, Histogram
from sightline.recipes.metric import npair
from sightline.recipes.metric.order import projected, with_positives
from sightline.recipes.shrunk import shrunk
from sightline.towers.spec import ConvNetSpec
from sightline.train.optim.optimizer import Adam
from sightline.train.optim.schedule import Constant
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Recipe

PAPER = "Ustinova & Lempitsky 2016"
LEARNS = "similarities of one class above those of two, without a margin to choose"


def build(recipe: Recipe) -> Histogram:
    return projected(with_positives(recipe), Histogram)


def small() -> Recipe:
    """`npair.small`'s tower and rate on 16 x 8 pictures. `sightline train histogram --data SRC --out RUN`"""
    base = npair.small()
    return replace(
        base,
        name="histogram.small",
        build=build,
        method=Config(bins=100),
        data=replace(base.data, order=PK(classes=16, samples=8)),  # ours
        batch=128,
        steps=1500,
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="histogram.tiny",
        method=Config(bins=20),
        parts=Parts(image=ConvNetSpec(size=32, width=16)),
        dim=16,
        data=Data(source="icons?n=64", size=32, views=OneView(), order=PK(classes=4, samples=2)),
        batch=8,
    )


def paper() -> Recipe:
    """Online Products: batches of 256, 512 numbers, R = 100; ResNet-50 for GoogLeNet. No figure of ours."""
    base = npair.products()
    return replace(
        base,
        name="histogram.paper",
        build=build,
        method=Config(bins=100),
        data=replace(base.data, order=PK(classes=64, samples=4)),  # ours
        optim=Adam(lr=1e-4),  # ours
        schedule=Constant(),
        batch=256,
        clip=0.0,
    )
