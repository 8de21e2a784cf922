"""Classes from labels, as AlexNet, VGG, ResNet and ViT learnt them: any tower, cross entropy."""

from dataclasses import replace

from sightline.data.views.kinds import MaeView
from sightline.data.views.moved import MovedView
from sightline.methods.transfer.supervised import Supervised
from sightline.nn.head import ClassHead
from sightline.probes.heldout.accuracy import Accuracy
from sightline.probes.heldout.usual import USUAL
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes import common_vit, vit_b16
from sightline.towers.sizes_conv import alexnet, common_resnet, resnet18, resnet50, vgg16
from sightline.towers.spec import ConvNetSpec
from sightline.train.optim.optimizer import SGD, AdamW
from sightline.train.optim.schedule import Stairs, WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "He et al. 2015"
LEARNS = "named classes from labels, with any tower: AlexNet, VGG, ResNet, ViT"

PROBES = (Accuracy(), *USUAL)


def head_of(recipe: Recipe, dim: int) -> ClassHead:
    """A head for the classes of the data."""
    return ClassHead(dim, recipe.class_names or [str(number) for number in range(recipe.classes)])


def build(recipe: Recipe) -> Supervised:
    tower = recipe.parts.image.build()
    return Supervised(tower, head_of(recipe, tower.dim))


def small() -> Recipe:
    """Pictures of 32 pixels with labels, a ResNet. `sightline train supervised --data SRC --out RUN`"""
    return Recipe(
        name="supervised.small",
        build=build,
        method=None,
        parts=Parts(image=common_resnet()),
        data=Data(source="icons", size=32, views=MaeView(scale=(0.3, 1.0))),  # ours
        optim=AdamW(lr=2e-3, weight_decay=0.05),  # ours
        schedule=WarmupCosine(warmup=100),
        batch=128,
        steps=3000,
        clip=3.0,
        evaluation=Evaluation(every=500, metric="accuracy", keep="best", probes=PROBES),
    )


def vit() -> Recipe:
    """`small` with a ViT of as many patches as methods without labels have. `sightline train supervised.vit`"""
    return replace(small(), name="supervised.vit", parts=Parts(image=common_vit()), optim=AdamW(lr=1e-3))


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="supervised.tiny",
        parts=Parts(image=ConvNetSpec(size=32, width=16)),
        data=Data(source="icons?n=64", size=32, views=MovedView()),
        batch=8,
        evaluation=Evaluation(metric="accuracy", probes=PROBES),
    )


def resnet_50() -> Recipe:
    """ResNet-50 on ImageNet, 90 epochs: He et al. 2015, sections 3.4 and 4.1. No figure of ours."""
    return Recipe(
        name="supervised.resnet_50",
        build=build,
        method=None,
        parts=Parts(image=resnet50()),
        # the paper resizes the shorter side to 256..480; crops of any area are GoogLeNet's, as torchvision trains
        data=Data(source="imagenet/train", size=224, views=MaeView(scale=(0.08, 1.0))),
        optim=SGD(lr=0.1, momentum=0.9, weight_decay=1e-4),
        schedule=Stairs(at=(1 / 3, 2 / 3, 8 / 9)),
        batch=256,
        epochs=90,
        clip=0.0,
        evaluation=Evaluation(every=5000, metric="accuracy", probes=PROBES, samples=50_000),
    )


def resnet_18() -> Recipe:
    """ResNet-18 likewise. No figure of ours."""
    return replace(resnet_50(), name="supervised.resnet_18", parts=Parts(image=resnet18()))


def alexnet_2012() -> Recipe:
    """AlexNet on ImageNet, 90 epochs at 0.01 (Krizhevsky et al. 2012, section 5). No figure of ours."""
    return replace(
        resnet_50(),
        name="supervised.alexnet_2012",
        parts=Parts(image=alexnet()),
        optim=SGD(lr=0.01, momentum=0.9, weight_decay=5e-4),
        schedule=Stairs(at=(0.25, 0.5, 0.75)),  # three times, where ours
        batch=128,
    )


def vgg_16() -> Recipe:
    """VGG-16 on ImageNet, 74 epochs at 0.01 (Simonyan & Zisserman 2014, section 3.1). No figure of ours."""
    return replace(
        resnet_50(),
        name="supervised.vgg_16",
        parts=Parts(image=vgg16()),
        optim=SGD(lr=0.01, momentum=0.9, weight_decay=5e-4),
        schedule=Stairs(at=(0.4, 0.65, 0.9)),  # three times, where ours
        epochs=74,
    )


def vit_b_16() -> Recipe:
    """ViT-B/16 on ImageNet, 300 epochs (Dosovitskiy et al. 2020, table 3; no dropout here). No figure of ours."""
    return replace(
        resnet_50(),
        name="supervised.vit_b_16",
        parts=Parts(image=vit_b16()),
        optim=AdamW(lr=3e-3, betas=(0.9, 0.999), weight_decay=0.3),
        schedule=WarmupCosine(warmup=10_000, most=0.2),
        batch=4096,
        epochs=300,
        clip=1.0,
    )
