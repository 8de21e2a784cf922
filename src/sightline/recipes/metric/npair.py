"""N-pair loss (Sohn 2016): a positive is told from the positives of all other classes of the batch at once."""

from dataclasses import replace

from sightline.data.feed.labelled import PK
from sightline.data.views.kinds import OneView
from sightline.data.views.moved import MovedView
from sightline.methods.metric.npair import Config, NPair
from sightline.recipes.metric.order import ordered, projected
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes_conv import common_resnet, resnet50
from sightline.towers.spec import ConvNetSpec
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Sohn 2016"
LEARNS = "what tells a class from many others at once, from two pictures of each"


def build(recipe: Recipe) -> NPair:
    order = ordered(recipe, PK, PK(classes=max(2, recipe.batch // 2), samples=2))
    if order.samples != 2:
        raise ValueError(
            f"{recipe.name} takes an anchor and a positive of each class, and data.order is {order}: set "
            f"'data.order={PK(classes=order.classes, samples=2)}' batch={2 * order.classes}"
        )
    return projected(recipe, NPair)


def small() -> Recipe:
    """Pictures of 32 pixels with 32 or more classes. `sightline train npair --data SRC --out RUN`"""
    return Recipe(
        name="npair.small",
        build=build,
        method=Config(norms=2e-3),
        parts=Parts(image=common_resnet()),
        dim=64,
        data=Data(source="icons", size=32, views=OneView(scale=(0.4, 1.0)), order=PK(classes=32, samples=2)),  # ours
        optim=AdamW(lr=1e-3, weight_decay=0.05),  # ours
        schedule=WarmupCosine(warmup=50),
        batch=64,
        steps=2000,
        clip=3.0,
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="npair.tiny",
        parts=Parts(image=ConvNetSpec(size=32, width=16)),
        dim=16,
        data=Data(source="icons?n=64", size=32, views=MovedView(), order=PK(classes=4, samples=2)),
        batch=8,
    )


def products() -> Recipe:
    """Online Products: 60 pairs, 512 numbers; rate and steps ours, ResNet-50 for GoogLeNet. No figure of ours."""
    return replace(
        small(),
        name="npair.products",
        parts=Parts(image=resnet50()),  # ours
        dim=512,
        data=Data(
            source="products/train",
            size=224,
            views=OneView(scale=(0.6, 1.0)),  # ours
            order=PK(classes=60, samples=2),
        ),
        optim=AdamW(lr=3e-4, weight_decay=5e-4),  # ours
        batch=120,
        steps=20_000,  # ours
        evaluation=Evaluation(every=2000, metric="rankme"),
    )
