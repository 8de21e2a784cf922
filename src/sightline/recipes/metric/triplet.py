"""The triplet loss (FaceNet, Schroff et al. 2015, https://arxiv.org/abs/1503.03832): anchor, positive, negative."""

from dataclasses import replace

from sightline.data.feed.labelled import PK
from sightline.data.views.kinds import OneView
from sightline.losses.metric import Hinge, LpDistance, SoftMargin
from sightline.methods.metric.space import Free
from sightline.methods.metric.triplet import Config, Triplet
from sightline.recipes.metric.order import projected, with_positives
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes_conv import common_resnet, resnet50
from sightline.towers.spec import ConvNetSpec
from sightline.train.optim.optimizer import SGD, Adam, AdamW
from sightline.train.optim.schedule import Constant, WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.phase import Phase
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Schroff et al. 2015"
LEARNS = "vectors of which those of one class are nearer than any other: faces, re-identification, retrieval"


def build(recipe: Recipe) -> Triplet:
    return projected(with_positives(recipe), Triplet)


def small() -> Recipe:
    """Pictures of 32 pixels with labels; semi-hard negatives, then the hardest. `sightline train triplet --data SRC`"""
    return Recipe(
        name="triplet.small",
        build=build,
        method=Config(),
        parts=Parts(image=common_resnet()),
        dim=64,
        data=Data(source="icons", size=32, views=OneView(scale=(0.4, 1.0)), order=PK(classes=16, samples=4)),  # ours
        optim=AdamW(lr=3e-4, weight_decay=0.05),  # ours
        schedule=WarmupCosine(warmup=50),
        batch=64,
        steps=2000,
        phases=(Phase(steps=0.15), Phase(method={"mining": "batch_hard"})),  # ours: from scratch the hardest collapse
        clip=3.0,
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="triplet.tiny",
        method=Config(mining="all_active", violation=Hinge(margin=1.0)),  # of eight pictures few are semi-hard
        parts=Parts(image=ConvNetSpec(size=32, width=16)),
        dim=16,
        data=Data(source="icons?n=64", size=32, views=OneView(), order=PK(classes=4, samples=2)),
        phases=(),
        batch=8,
    )


def facenet() -> Recipe:
    """FaceNet: LFW 99.63 (the paper's run, not ours); ResNet-50 for its Inception, 224 px for 220."""
    return Recipe(
        name="triplet.facenet",
        build=build,
        method=Config(mining="semihard", violation=Hinge(margin=0.2)),
        parts=Parts(image=resnet50()),  # ours
        dim=128,
        data=Data(
            source="faces/{00000..09999}.tar",
            size=224,
            views=OneView(scale=(0.8, 1.0)),  # ours
            order=PK(classes=45, samples=40),
        ),
        optim=SGD(lr=0.05, momentum=0.0, weight_decay=0.0),  # ours: AdaGrad of this rate in the paper
        schedule=Constant(),
        batch=1800,
        steps=1_000_000,  # ours
        clip=0.0,
        evaluation=Evaluation(every=10_000, metric="rankme"),
    )


def trinet() -> Recipe:
    """Hermans 2017 on Market-1501: batch-hard, soft margin, free vectors (256 x 128 px there). No figure of ours."""
    return replace(
        facenet(),
        name="triplet.trinet",
        method=Config(distance=LpDistance(), mining="batch_hard", violation=SoftMargin(), space=Free()),
        data=Data(source="persons/train", size=224, views=OneView(scale=(0.8, 1.0)), order=PK(classes=18, samples=4)),
        optim=Adam(lr=3e-4),
        batch=72,
        steps=25_000,
        evaluation=Evaluation(every=5000, metric="rankme"),
    )
