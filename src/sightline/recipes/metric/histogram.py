"""Histogram loss (Ustinova and Lempitsky 2016, https://arxiv.org/abs/1611.00822): similarities as two distributions."""

from dataclasses import replace

from sightline.data.feed.labelled import PK
from sightline.data.views.kinds import OneView
from sightline.methods.metric.histogram import Config, Histogram
from sightline.nn.head import Projection
from sightline.recipes.metric.order import with_positives
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes_conv import common_resnet, resnet50
from sightline.towers.spec import ConvNetSpec
from sightline.train.optim.optimizer import Adam, AdamW
from sightline.train.optim.schedule import Constant, WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Ustinova & Lempitsky 2016"
LEARNS = "similarities of one class above those of two, without a margin to choose"


def build(recipe: Recipe) -> Histogram:
    tower = with_positives(recipe).parts.image.build()
    return Histogram(tower, Projection(tower.dim, recipe.dim), recipe.method)


def small() -> Recipe:
    """Pictures of 32 pixels with labels. `sightline train histogram --data SRC --out RUN`"""
    return Recipe(
        name="histogram.small",
        build=build,
        method=Config(bins=100),
        parts=Parts(image=common_resnet()),
        dim=64,
        data=Data(source="icons", size=32, views=OneView(scale=(0.4, 1.0)), order=PK(classes=16, samples=8)),  # ours
        optim=AdamW(lr=1e-3, weight_decay=0.05),  # ours
        schedule=WarmupCosine(warmup=50),
        batch=128,
        steps=1500,
        clip=3.0,
        evaluation=Evaluation(every=500, metric="rankme"),
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
    return replace(
        small(),
        name="histogram.paper",
        parts=Parts(image=resnet50()),  # ours
        dim=512,
        data=Data(
            source="products/train",
            size=224,
            views=OneView(scale=(0.6, 1.0)),  # ours
            order=PK(classes=64, samples=4),  # ours
        ),
        optim=Adam(lr=1e-4),  # ours
        schedule=Constant(),
        batch=256,
        steps=20_000,  # ours
        clip=0.0,
        evaluation=Evaluation(every=2000, metric="rankme"),
    )
