"""From a recipe's name to the recipe, and the Python face of `sightline train`.

A name is a module and its function, whatever the chapter: `clip.icons` is `sightline.recipes.image_text.clip.icons()`;
a bare system name means its `small`.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sightline.recipes.catalogue import named
from sightline.train.options import Options, Summary
from sightline.train.recipe.given import Init
from sightline.train.recipe.init import Lock
from sightline.train.recipe.override import override
from sightline.train.recipe.recipe import Recipe
from sightline.train.run import fit


def find(name: str) -> Recipe:
    """The recipe called `system` or `system.variant`. Raises ValueError listing the known ones."""
    system, variant = named(name)
    module: Any = importlib.import_module(f"sightline.recipes.{system.chapter}.{system.name}")
    return getattr(module, variant)()


def train(
    recipe: str | Recipe,
    *,
    out: str | Path,
    data: Any = None,
    evaluation: Any = None,
    overrides: Sequence[str] = (),
    init: Init | None = None,
    lock: Lock = "none",
    **options: Any,
) -> Summary:
    """Trains a recipe, by name or by value, into the folder `out`; the same call goes on where it stopped.

    >>> sightline.train("clip.icons", out="runs/icons")                                    # doctest: +SKIP
    >>> sightline.train("clip", data="photos/", out="runs/photos", overrides=["steps=2000"])   # doctest: +SKIP

    `data` and `evaluation` are SRC texts or open sources, `overrides` are "key.path=value", `init` is the
    name of an encoder to start from, or `image=NAME` and `text=NAME` for one tower of it each, and `lock` which of its
    towers stay as they are; `options` are the fields of `sightline.train.options.Options`. Raises
    ValueError, NonFinite and OSError as `fit` does.
    """
    chosen = find(recipe) if isinstance(recipe, str) else recipe
    return fit(
        override(chosen, overrides),
        out=out,
        data=data,
        evaluation=evaluation,
        overrides=overrides,
        init=init,
        lock=lock,
        options=Options(**options),
    )
