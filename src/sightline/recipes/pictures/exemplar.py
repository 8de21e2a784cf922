"""Exemplar-CNN (Dosovitskiy et al. 2014/15, https://arxiv.org/abs/1406.6909): every picture a class of its own."""

from torch import nn

from sightline.data.feed.order import Window
from sightline.data.views.exemplar import ExemplarViews
from sightline.data.views.kinds import OneView
from sightline.methods.pictures.exemplar import Config, Cosine, ExemplarCNN, Linear
from sightline.nn.heads import BYOLHead
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes import vit_small
from sightline.towers.sizes_conv import alexnet_small, common_resnet
from sightline.train.optim.optimizer import SGD, Nesterov
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Dosovitskiy et al. 2014"
LEARNS = "what stays of a picture under random transforms: every picture is a class of its own"
MINUTES = {"tiny": 0.1, "small": 12.6}


def build(recipe: Recipe) -> ExemplarCNN:
    tower = recipe.parts.image.build()
    return ExemplarCNN(tower, nn.Identity(), recipe.method.classes.build(tower.dim, recipe.samples))


def build_with_head(recipe: Recipe) -> ExemplarCNN:
    """An MLP, thrown away afterwards, keeps what the classes throw away out of the tower's vector (as in SimCLR)."""
    tower = recipe.parts.image.build()
    head = BYOLHead(tower.dim, tower.dim, recipe.dim)
    return ExemplarCNN(tower, head, recipe.method.classes.build(recipe.dim, recipe.samples))


def small() -> Recipe:
    """Photos of 32 pixels, thousands of them. `sightline train exemplar --data SRC --out RUN`

    figure: CIFAR-10 kNN 0.571, linear 0.572 (pixels 0.462, 0.414; its tower untrained 0.301, 0.356);
    13 minutes on two cores. `SIGHTLINE_DATA=... python benchmarks/atlas_ssl.py --methods exemplar`
    """
    return Recipe(
        name="exemplar.small",
        build=build_with_head,  # ours
        method=Config(classes=Cosine(temperature=0.1)),  # ours: learns in a few epochs, where the linear layer does not
        parts=Parts(image=common_resnet()),
        dim=128,
        # ours: SimCLR's; every picture comes back before the network is another
        data=Data(source="icons", size=32, views=OneView(scale=(0.2, 1.0)), order=Window(size=2048, visits=16)),
        optim=Nesterov(lr=0.06, momentum=0.9, weight_decay=1e-4),  # ours
        schedule=WarmupCosine(warmup=100),
        batch=128,  # ours: more steps of the same cost
        steps=5000,
        clip=0.0,  # ours: short class weights have long gradients, and SGD needs them
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="exemplar.tiny",
        parts=Parts(image=vit_small(32, 8, 1)),
        dim=32,
        data=Data(source="icons?n=64", size=32, views=ExemplarViews()),
        clip=3.0,
    )


def paper() -> Recipe:
    """The paper's layer and transforms on a small AlexNet (ours, five convolutions). `--data "photos?n=16000"`"""
    return Recipe(
        name="exemplar.paper",
        build=build,
        method=Config(classes=Linear()),
        parts=Parts(image=alexnet_small()),  # ours: two layers more than the paper's small net
        data=Data(source="photos?n=16000", size=32, views=ExemplarViews()),
        optim=SGD(lr=0.01, momentum=0.9, weight_decay=5e-4),  # decay ours
        schedule=WarmupCosine(warmup=0),  # ours: the paper lowers the rate by hand
        batch=128,  # ours
        epochs=150,  # as many looks at a picture as the paper has samples of it
        clip=0.0,
        evaluation=Evaluation(metric="rankme"),
    )
