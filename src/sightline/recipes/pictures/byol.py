"""BYOL (Grill et al. 2020, https://arxiv.org/abs/2006.07733): one view predicts the other as an averaged copy has it.

The paper's sizes keep the paper's numbers; those of the others are all ours.
"""

from dataclasses import replace

from sightline.data.prepare.preprocess import IMAGENET
from sightline.data.views.kinds import ByolViews, TwoViews
from sightline.methods.pictures.byol import BYOL, Config
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes import vit_small
from sightline.towers.sizes_conv import common_resnet, resnet50
from sightline.train.optim.optimizer import LARS, AdamW
from sightline.train.optim.schedule import WarmupCosine, linear_rate
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Grill et al. 2020"
LEARNS = "what one view tells of another, without negatives: retrieval, kNN, with small batches too"
MINUTES = {"tiny": 0.1, "small": 11.6}


def build(recipe: Recipe) -> BYOL:
    return BYOL(recipe.parts.image.build(), recipe.method)


def small() -> Recipe:
    """Photos of 32 pixels, thousands of them. `sightline train byol --data SRC --out RUN`

    figure: CIFAR-10 kNN 0.551, linear 0.598 (pixels 0.462, 0.414; its tower untrained 0.301, 0.356);
    12 minutes on two cores. `SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods byol`
    """
    return Recipe(
        name="byol.small",
        build=build,
        method=Config(hidden=512, out=128, momentum=0.85),  # ours: in a short run a target that lags teaches less
        parts=Parts(image=common_resnet()),
        # ours: at 32 px a blur or a solarized view costs more
        data=Data(source="icons", size=32, views=TwoViews(scale=(0.2, 1.0))),
        optim=AdamW(lr=3e-3, weight_decay=0.05),  # ours: LARS is for batches of thousands
        schedule=WarmupCosine(warmup=50),
        batch=128,
        steps=4450,
        clip=3.0,
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="byol.tiny",
        method=Config(hidden=32, out=16, momentum=0.9),
        parts=Parts(image=vit_small(32, 8, 1)),
        data=Data(source="icons?n=64", size=32, views=TwoViews()),
    )


def r50() -> Recipe:
    """ResNet-50 on ImageNet, paper table 1: linear 74.3 after 1000 epochs (the paper's run, not ours)."""
    return Recipe(
        name="byol.r50",
        build=build,
        method=Config(),
        parts=Parts(image=resnet50()),
        data=Data(source="shards/{00000..01280}.tar", size=224, views=ByolViews(), preprocess=IMAGENET),
        optim=LARS(lr=linear_rate(0.2, 4096), weight_decay=1.5e-6),
        schedule=WarmupCosine(warmup=3128),  # 10 epochs
        batch=4096,
        epochs=1000,
        clip=0.0,
        evaluation=Evaluation(every=3128, metric="knn"),
    )


def r50_300() -> Recipe:
    """300 epochs, by the released code."""
    return replace(
        r50(),
        name="byol.r50_300",
        method=Config(momentum=0.99),
        optim=LARS(lr=linear_rate(0.3, 4096), weight_decay=1e-6),
        epochs=300,
    )


def r50_100() -> Recipe:
    """100 epochs, by the released code."""
    optim = LARS(lr=linear_rate(0.45, 4096), weight_decay=1e-6)
    return replace(r50_300(), name="byol.r50_100", optim=optim, epochs=100)
