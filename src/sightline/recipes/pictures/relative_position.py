"""Relative patch position (Doersch, Gupta, Efros 2015, https://arxiv.org/abs/1505.05192): where does this patch lie?

`paper` keeps the paper's patches; those of the others are all ours.
"""

from dataclasses import replace

from sightline.data.prepare.preprocess import Preprocess
from sightline.data.views.patch_pairs import Neighbours
from sightline.methods.pictures.relative_position import Config, RelativePosition
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes_conv import common_resnet, resnet50
from sightline.towers.spec import ResNetSpec, SmallStem
from sightline.train.optim.optimizer import AdamW, Nesterov
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Doersch, Gupta, Efros 2015"
LEARNS = "parts of things, from where patches lie to one another"
MINUTES = {"small": 2.7}


def build(recipe: Recipe) -> RelativePosition:
    return RelativePosition(recipe.parts.image.build(), recipe.method, recipe.samples)


def small() -> Recipe:
    """Photos of 32 pixels, thousands of them. `sightline train relative_position --data SRC --out RUN`

    figure: CIFAR-10 kNN 0.405, linear 0.442 (pixels 0.462, 0.414; its tower untrained 0.301, 0.356);
    3 minutes on two cores. `SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods relative_position`
    """
    return Recipe(
        name="relative_position.small",
        build=build,
        method=Config(),
        parts=Parts(image=common_resnet()),
        # ours: no lens took a picture of 32 px, so no colours need to be dropped
        data=Data(source="icons", size=32, views=Neighbours(patch=8, gap=2, jitter=1, colours="keep")),
        optim=AdamW(lr=1e-3, weight_decay=0.05),
        schedule=WarmupCosine(warmup=50),
        batch=64,
        steps=3000,
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def graphics() -> Recipe:
    """Drawings of 64 pixels, patches of 16. `sightline train relative_position.graphics --data SRC --out RUN`"""
    data = Data(source="icons", size=64, views=Neighbours(patch=16, gap=4, jitter=2, colours="keep"))
    return replace(small(), name="relative_position.graphics", data=data)


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="relative_position.tiny",
        method=Config(hidden=64),
        parts=Parts(image=ResNetSpec(depths=(1, 1), width=16, stem=SmallStem(stride=2))),
        data=Data(source="icons?n=64", size=64, views=Neighbours()),
    )


def paper() -> Recipe:
    """Patches of 96 px, 48 apart, moved by up to 7, on ImageNet.

    Departures: a ResNet-50 for the paper's AlexNet-like trunk (as Kolesnikov et al. 2019, arXiv 1901.09005), so
    no figure of the paper is claimed for it.
    """
    return Recipe(
        name="relative_position.paper",
        build=build,
        method=Config(hidden=4096, flat=0.0),
        parts=Parts(image=resnet50()),
        data=Data(
            source="shards/{00000..01280}.tar",
            size=448,  # 150,000 to 450,000 pixels in the paper
            views=Neighbours(patch=96, gap=48, jitter=7, colours="drop", coarse=0.33),
            preprocess=Preprocess(resize="crop"),  # ours
        ),
        optim=Nesterov(lr=0.1, weight_decay=1e-4),  # ours
        schedule=WarmupCosine(warmup=5000),  # ours
        batch=256,  # ours
        epochs=70,  # ours
        clip=0.0,
        evaluation=Evaluation(every=5000, metric="knn"),
    )
