"""Instance discrimination with a memory bank (Wu et al. 2018, https://arxiv.org/abs/1805.01978)."""

from dataclasses import replace

from torch import nn

from sightline.data.feed.order import Window
from sightline.data.prepare.preprocess import IMAGENET
from sightline.data.views.instance import InstanceViews
from sightline.data.views.kinds import OneView
from sightline.methods.pictures.instance_discrimination import NCE, Config, FullSoftmax, InstanceDiscrimination
from sightline.nn.heads import BYOLHead
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes import vit_small
from sightline.towers.sizes_conv import common_resnet, resnet18, resnet50
from sightline.train.optim.optimizer import SGD, AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Wu et al. 2018"
LEARNS = "to tell every picture from all others, which a memory bank holds"
MINUTES = {"tiny": 0.1, "small": 8.1}


def build(recipe: Recipe) -> InstanceDiscrimination:
    tower = recipe.parts.image.build()
    return InstanceDiscrimination(tower, nn.Linear(tower.dim, recipe.dim), recipe.dim, recipe.samples, recipe.method)


def build_with_head(recipe: Recipe) -> InstanceDiscrimination:
    """An MLP, thrown away afterwards, keeps what the task throws away out of the tower's vector (as in SimCLR)."""
    tower = recipe.parts.image.build()
    head = BYOLHead(tower.dim, tower.dim, recipe.dim)
    return InstanceDiscrimination(tower, head, recipe.dim, recipe.samples, recipe.method)


def small() -> Recipe:
    """Photos of 32 pixels, thousands of them. `sightline train instance_discrimination --data SRC --out RUN`

    figure: CIFAR-10 kNN 0.567, linear 0.572 (pixels 0.462, 0.414; its tower untrained 0.301, 0.356);
    8 minutes on two cores. `SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods instance_discrimination`
    """
    return Recipe(
        name="instance_discrimination.small",
        build=build_with_head,  # ours
        method=Config(against=FullSoftmax(), temperature=0.1),  # ours
        parts=Parts(image=common_resnet()),
        dim=128,
        # ours: SimCLR's colours; every picture comes back before the network is another
        data=Data(source="icons", size=32, views=OneView(scale=(0.2, 1.0)), order=Window(size=2048, visits=16)),
        optim=AdamW(lr=2e-3, weight_decay=0.05),
        schedule=WarmupCosine(warmup=100),
        batch=128,  # ours: more steps of the same cost
        steps=5000,
        clip=3.0,
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="instance_discrimination.tiny",
        build=build,
        parts=Parts(image=vit_small(32, 8, 1)),
        dim=32,
        data=Data(source="icons?n=64", size=32, views=InstanceViews()),
    )


def r18() -> Recipe:
    """ResNet-18 on ImageNet, paper table 2: kNN 41.0 after 200 epochs (the paper's run, not ours)."""
    return Recipe(
        name="instance_discrimination.r18",
        build=build,
        method=Config(against=NCE(noise=4096)),
        parts=Parts(image=resnet18()),
        dim=128,
        data=Data(source="shards/{00000..01280}.tar", size=224, views=InstanceViews(), preprocess=IMAGENET),
        optim=SGD(lr=0.03, momentum=0.9, weight_decay=1e-4),
        schedule=WarmupCosine(warmup=0),  # ours: the paper divides by ten every 40 epochs from the 120th on
        batch=256,
        epochs=200,
        clip=0.0,
        evaluation=Evaluation(every=20_000, metric="knn"),
    )


def r50() -> Recipe:
    """ResNet-50: kNN 46.8."""
    return replace(r18(), name="instance_discrimination.r50", parts=Parts(image=resnet50()))
