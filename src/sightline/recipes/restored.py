"""A finished run's whole method, with the parts that `sightline.load` leaves out: heads, decoders, banks, teachers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from sightline.recipes.find import find
from sightline.train.checkpoint import load
from sightline.train.folder import RunFolder
from sightline.train.recipe.override import override
from sightline.train.recipe.phase import in_phase
from sightline.train.recipe.recipe import Recipe, fitted


def restored(run: str | Path) -> tuple[Recipe, Any]:
    """(recipe, method in evaluation mode) of a run on pictures alone, as its newest checkpoint has them; of a run with
    phases those of the phase that was saved.

    Raises FileNotFoundError where there is no run, ValueError for a run with words, a damaged checkpoint, or a recipe
    that was changed otherwise than by overrides.
    """
    folder = RunFolder(run)
    config = json.loads((folder.path / "config.json").read_text())
    recipe = override(find(config["recipe"]["name"]), config["overrides"])
    if recipe.reads_words:
        raise ValueError(
            f"{run} is a run of {recipe.name}, which reads words; sightline.load({str(run)!r}) has its towers"
        )
    state = load(folder.last)
    recipe = fitted(replace(in_phase(recipe, state.get("phase", 0)), samples=config["data"]["samples"]), None)
    method: Any = recipe.build(recipe)
    try:
        method.load_state_dict(state["method"])
    except RuntimeError as error:
        said = " ".join(config["overrides"])
        raise ValueError(
            f"the weights of {run} are not those of {recipe.name} {said}".rstrip() + ": its recipe was changed in "
            f"Python. Build that recipe, and load {folder.last} with sightline.train.checkpoint.load"
        ) from error
    return recipe, method.eval()
