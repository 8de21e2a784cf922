"""Numbers that the systems of this chapter share, so that they can be compared: one tower, one budget, one head."""

from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn

from sightline.data.views.kinds import OneView
from sightline.data.views.moved import MovedView
from sightline.recipes.shrunk import shrunk
from sightline.towers.sizes import vit_small
from sightline.towers.sizes_conv import common_resnet
from sightline.train.optim.optimizer import AdamW
from sightline.train.optim.schedule import WarmupCosine
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Data, Evaluation, Recipe

M = TypeVar("M")
ICONS = "domains(icons?set=solid, icons?set=outline)"
"""solid drawings with labels, outlines without"""


def adapting(recipe: Recipe, method: Callable[[Any, nn.Linear, Any], M]) -> M:
    """The method on the recipe's tower and a head for the classes of the labelled domain."""
    tower = recipe.parts.image.build()
    return method(tower, nn.Linear(tower.dim, recipe.classes), recipe.method)


def common(name: str, build: Callable[[Recipe], nn.Module], method: Any) -> Recipe:
    """Pictures of 32 pixels."""
    return Recipe(
        name=name,
        build=build,
        method=method,
        parts=Parts(image=common_resnet()),
        data=Data(source=ICONS, size=32, views=OneView(scale=(0.4, 1.0))),  # ours, as all below
        optim=AdamW(lr=1e-3, weight_decay=0.05),
        schedule=WarmupCosine(warmup=50),
        batch=128,
        steps=2000,
        clip=3.0,
        evaluation=Evaluation(every=500, metric="rankme"),
    )


def little(recipe: Recipe, name: str, **changes: Any) -> Recipe:
    """The same code path in seconds."""
    data = Data(source="domains(icons?n=64, icons?n=64&seed=1)", size=32, views=MovedView())
    return shrunk(recipe, name=name, **{"parts": Parts(image=vit_small(32, 8, 1)), "data": data, "batch": 8, **changes})
