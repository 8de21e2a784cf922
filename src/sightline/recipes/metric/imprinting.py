"""Weight imprinting (Qi, Brown, Lowe 2018, https://arxiv.org/abs/1712.07136): new classes without training."""

from dataclasses import replace

from sightline.data.feed.labelled import Episodes
from sightline.data.views.kinds import OneView
from sightline.data.views.moved import MovedView
from sightline.methods.metric.imprinting import Config, Generated, Imprinting
from sightline.nn.head import Projection
from sightline.recipes.metric.order import ordered
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes_conv import common_resnet, conv4, resnet50
from sightline.towers.spec import ConvNetSpec
from sightline.train.optim.optimizer import SGD, AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.phase import Phase
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Qi et al. 2018"
LEARNS = "classes, to which new ones are added from a few pictures while the old ones stay known"


def build(recipe: Recipe) -> Imprinting:
    tower = recipe.parts.image.build()
    return Imprinting(tower, Projection(tower.dim, recipe.dim), recipe.classes, recipe.method)


def build_generator(recipe: Recipe) -> Generated:
    episodes = ordered(recipe, Episodes, Episodes(ways=10, shots=5, queries=5))
    tower = recipe.parts.image.build()
    return Generated(tower, Projection(tower.dim, recipe.dim), recipe.classes, episodes, recipe.method)


def small() -> Recipe:
    """Pictures of 32 pixels with labels. `sightline train imprinting --data SRC --out RUN`"""
    return Recipe(
        name="imprinting.small",
        build=build,
        method=Config(scale=10.0),
        parts=Parts(image=common_resnet()),
        dim=64,
        data=Data(source="icons", size=32, views=OneView(scale=(0.4, 1.0))),  # ours
        optim=AdamW(lr=1e-3, weight_decay=0.05),  # ours
        schedule=WarmupCosine(warmup=50),
        batch=128,
        steps=2000,
        clip=3.0,
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def generator() -> Recipe:
    """`small`, then Gidaris' weight generator in episodes on its tower. `sightline train imprinting.generator`"""
    return replace(
        small(),
        name="imprinting.generator",
        batch=100,
        phases=(
            Phase(steps=0.7),  # ours
            Phase(build=build_generator, data={"order": Episodes(ways=10, shots=5, queries=5)}),
        ),
    )


def tiny() -> Recipe:
    """The same code path in seconds: what the tests run."""
    return shrunk(
        small(),
        name="imprinting.tiny",
        parts=Parts(image=ConvNetSpec(size=32, width=16)),
        dim=16,
        data=Data(source="icons?n=64", size=32, views=MovedView()),
        batch=8,
    )


def cub() -> Recipe:
    """Qi 2018 on CUB-200's first 100 classes, 64 numbers; ResNet-50 for Inception. No figure of ours."""
    return replace(
        small(),
        name="imprinting.cub",
        parts=Parts(image=resnet50()),  # ours
        data=Data(source="cub/train", size=224, views=OneView(scale=(0.4, 1.0))),
        optim=SGD(lr=1e-3, momentum=0.9, weight_decay=1e-4),  # rate ours
        batch=64,
        steps=None,
        epochs=90,  # ours
        clip=0.0,
        evaluation=Evaluation(every=1000, metric="rankme"),
    )


def gidaris() -> Recipe:
    """Gidaris 2018 on miniImageNet: 4 blocks of 64, 60 epochs each phase. No figure of ours."""
    return replace(
        generator(),
        name="imprinting.gidaris",
        parts=Parts(image=conv4(84)),
        dim=1600,
        data=Data(source="miniimagenet/train", size=84, views=OneView(scale=(0.6, 1.0))),
        optim=SGD(lr=0.1, momentum=0.9, weight_decay=5e-4),
        batch=240,
        steps=None,
        epochs=120,
        phases=(
            Phase(steps=0.5),
            Phase(build=build_generator, data={"order": Episodes(ways=10, shots=1, queries=23)}),
        ),
        clip=0.0,
    )
