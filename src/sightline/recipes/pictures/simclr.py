"""SimCLR (Chen et al. 2020, https://arxiv.org/abs/2002.05709): two views of a picture find each other among all others.

The papers' sizes keep the paper's numbers; those of the others are all ours.
"""

from dataclasses import replace

from sightline.data.prepare.preprocess import IMAGENET
from sightline.data.views.kinds import TwoViews
from sightline.methods.pictures.simclr import Config, SimCLR
from sightline.recipes.pictures import dino
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes import vit_small
from sightline.towers.sizes_conv import common_resnet, resnet18, resnet50
from sightline.towers.spec import SmallStem
from sightline.train.optim.optimizer import LARS, AdamW
from sightline.train.optim.schedule import WarmupCosine, linear_rate
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Chen et al. 2020"
LEARNS = "what two views of a picture share and other pictures do not: retrieval, kNN"
MINUTES = {"tiny": 0.1, "small": 8.0, "vit": 8.8}

UNIT = replace(IMAGENET, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
"""The paper's pictures are in [0, 1]."""


def build(recipe: Recipe) -> SimCLR:
    return SimCLR(recipe.parts.image.build(), recipe.method)


def small() -> Recipe:
    """Photos of 32 pixels, thousands of them. `sightline train simclr --data SRC --out RUN`

    figure: CIFAR-10 kNN 0.589, linear 0.595 (pixels 0.462, 0.414; its tower untrained 0.301, 0.356);
    8 minutes on two cores. `SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods simclr`
    """
    return Recipe(
        name="simclr.small",
        build=build,
        method=Config(temperature=0.2, hidden=256, out=128),  # ours
        parts=Parts(image=common_resnet()),
        data=Data(source="icons", size=32, views=TwoViews()),
        optim=AdamW(lr=2e-3, weight_decay=0.05),  # ours: LARS is for batches of thousands
        schedule=WarmupCosine(warmup=50),
        batch=128,
        steps=3500,
        clip=3.0,
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def vit() -> Recipe:
    """On the ViT of `dino.small`, the bridge to methods of tokens. `sightline train simclr.vit --data SRC --out RUN`

    figure: CIFAR-10 kNN 0.531, linear 0.557 (pixels 0.462, 0.414; its tower untrained 0.319, 0.406);
    9 minutes on two cores. `SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods simclr.vit`
    """
    return replace(
        small(),
        name="simclr.vit",
        parts=Parts(image=dino.small().parts.image),
        optim=AdamW(lr=1e-3, weight_decay=0.05),
        steps=4000,
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="simclr.tiny",
        method=Config(temperature=0.2, hidden=32, out=16),
        parts=Parts(image=vit_small(32, 8, 1)),
        data=Data(source="icons?n=64", size=32, views=TwoViews()),
    )


def r50() -> Recipe:
    """ResNet-50 on ImageNet, 1000 epochs, the paper's settings; not our run."""
    return Recipe(
        name="simclr.r50",
        build=build,
        method=Config(),
        parts=Parts(image=resnet50()),
        data=Data(source="shards/{00000..01280}.tar", size=224, views=TwoViews(), preprocess=UNIT),
        optim=LARS(lr=linear_rate(0.3, 4096), weight_decay=1e-6),
        schedule=WarmupCosine(warmup=3128),  # 10 epochs
        batch=4096,
        epochs=1000,
        clip=0.0,
        evaluation=Evaluation(every=3128, metric="knn"),
    )


def r18_cifar() -> Recipe:
    """ResNet-18, stem for 32 px: CIFAR-10 on one GPU, 200 epochs. No figure: the numbers are ours, from no paper.

    (lightly's benchmark of this size has SGD of rate 0.06 and its own views, so its figures are not expected here.)
    """
    return replace(
        small(),
        name="simclr.r18_cifar",
        method=Config(temperature=0.5, hidden=512, out=128),  # the paper's temperature for CIFAR-10; the head ours
        parts=Parts(image=replace(resnet18(), stem=SmallStem())),
        optim=AdamW(lr=2e-3, weight_decay=0.05),  # ours
        schedule=WarmupCosine(warmup=500),  # ours
        batch=512,  # ours
        steps=None,
        epochs=200,  # ours
        evaluation=Evaluation(every=2000, metric="knn", samples=10_000),
    )
