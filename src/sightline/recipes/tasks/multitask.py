"""Several tasks on one trunk, with labels of each for some pictures (Kendall et al. 2018's weights on request)."""

from typing import Any

from torch import nn

from sightline.data.views.kinds import OneView
from sightline.data.views.moved import MovedView
from sightline.methods.tasks.heads import NamesClasses, ReadsDepth, ReadsNumbers
from sightline.methods.tasks.multitask import Config, MultiTask, Uncertainty
from sightline.probes.heldout.loss import HeldOutLoss
from sightline.probes.heldout.usual import USUAL
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes import common_vit, vit_small
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

PAPER = "Kendall et al. 2018"
LEARNS = "classes, depth and numbers at once, from pictures that have some of their labels"
PROBES = (HeldOutLoss(), *USUAL)


def build(recipe: Recipe) -> MultiTask:
    tower: Any = recipe.parts.image.build()
    made: dict[str, Any] = {
        "classes": lambda: NamesClasses(nn.Linear(tower.dim, recipe.classes)),
        "depth": lambda: ReadsDepth(getattr(tower, "width", tower.dim)),
        "numbers": lambda: ReadsNumbers(tower.dim, recipe.columns),
    }
    return MultiTask(tower, {task: made[task]() for task in recipe.method.tasks}, recipe.method)


def small() -> Recipe:
    """32 pixels. `sightline train multitask --data 'rooms.csv?values=price' --out RUN method.depth=0`"""
    return Recipe(
        name="multitask.small",
        build=build,
        method=Config(),
        parts=Parts(image=common_vit()),
        data=Data(source="icons", size=32, views=OneView(scale=(0.4, 1.0))),  # ours, as all below
        optim=AdamW(lr=1e-3, weight_decay=0.05),
        schedule=WarmupCosine(warmup=50),
        batch=128,
        steps=2000,
        clip=3.0,
        evaluation=Evaluation(every=500, metric="heldout_loss", probes=PROBES),
    )


def tiny() -> Recipe:
    """The same code path in seconds, weights learnt: what the tests run."""
    return shrunk(
        small(),
        name="multitask.tiny",
        method=Config(weighting=Uncertainty()),
        parts=Parts(image=vit_small(32, 8, 1)),
        data=Data(source="icons", size=32, views=MovedView()),
        batch=8,
        evaluation=Evaluation(metric="heldout_loss", probes=PROBES),
    )
