"""Siamese networks (Chopra, Hadsell, LeCun 2005): two pictures, and whether they are the same."""

from dataclasses import replace

from sightline.data.feed.labelled import Pairs
from sightline.data.views.moved import MovedView
from sightline.losses.metric import Chopra, Hadsell, LpDistance
from sightline.methods.metric.siamese import Config, Siamese
from sightline.methods.metric.space import Free
from sightline.recipes.metric.order import projected
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes_conv import conv4
from sightline.towers.spec import ConvNetSpec
from sightline.train.optim.optimizer import SGD, AdamW
from sightline.train.optim.schedule import Constant, WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Chopra et al. 2005"
LEARNS = "whether two pictures show the same: verification, also of classes never seen"


def build(recipe: Recipe) -> Siamese:
    return projected(recipe, Siamese)


def small() -> Recipe:
    """Signs of 28 pixels, a hundred classes. `sightline train siamese --data "signs:train?turns=4" --out RUN`"""
    return Recipe(
        name="siamese.small",
        build=build,
        method=Config(),  # ours: the lecture's form, margin 1 on the unit sphere
        parts=Parts(image=conv4()),
        dim=64,
        data=Data(source="icons", size=28, views=MovedView(), order=Pairs()),
        optim=AdamW(lr=1e-3, weight_decay=1e-4),  # ours
        schedule=WarmupCosine(warmup=50),
        batch=256,  # ours: 128 pairs
        steps=1400,
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="siamese.tiny",
        parts=Parts(image=ConvNetSpec(size=32, width=16)),
        dim=16,
        data=Data(source="icons?n=64", size=32, views=MovedView(), order=Pairs()),
        batch=8,
    )


def chopra() -> Recipe:
    """The first loss: an energy by L1 and an exponential for strangers; the tower is ours, not the paper's LeNet."""
    return replace(
        small(),
        name="siamese.chopra",
        method=Config(form=Chopra(bound=16.0), distance=LpDistance(p=1.0)),  # 2 sqrt(dim), the furthest on the sphere
    )


def drlim() -> Recipe:
    """Hadsell 2006: pictures laid out in a plane of two numbers, margin 1; tower and rate ours. MNIST in the paper."""
    return replace(
        small(),
        name="siamese.drlim",
        method=Config(form=Hadsell(margin=1.0), space=Free()),
        dim=2,
        optim=SGD(lr=0.01, momentum=0.9, weight_decay=0.0),  # ours
        schedule=Constant(),
        steps=None,
        epochs=50,  # ours
    )
