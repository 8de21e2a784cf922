"""How the methods of this chapter are built: what they ask of the order of a recipe is refused then, with what fits."""

from collections.abc import Callable
from typing import Any, TypeVar

from sightline.data.feed.labelled import PK, Episodes, Pairs
from sightline.nn.head import Projection
from sightline.train.recipe.recipe import Recipe

T = TypeVar("T", PK, Pairs, Episodes)
M = TypeVar("M")


def projected(recipe: Recipe, method: Callable[[Any, Projection, Any], M]) -> M:
    """The method on the recipe's tower and a projection of its vector to `dim` numbers."""
    tower = recipe.parts.image.build()
    return method(tower, Projection(tower.dim, recipe.dim), recipe.method)


def ordered(recipe: Recipe, kind: type[T], example: T) -> T:
    """The recipe's order, which must be of a kind. ValueError otherwise."""
    order = recipe.data.order
    if not isinstance(order, kind):
        raise ValueError(
            f"{recipe.name} reads its batches as {kind.__name__} lays them out, and data.order is {order}: set "
            f"'data.order={example}'"
        )
    return order


def with_positives(recipe: Recipe) -> Recipe:
    """The recipe, unless its PK gives every class a single example. ValueError then, with the reason."""
    order = recipe.data.order
    if isinstance(order, PK) and order.samples < 2:
        raise ValueError(
            f"{recipe.name}: data.order={order} shows one example a class, and a picture is no positive for itself, so "
            f"nothing would be learnt: set 'data.order={PK(classes=max(2, order.classes // 2), samples=2)}'"
        )
    return recipe
