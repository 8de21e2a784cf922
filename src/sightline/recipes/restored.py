"""A run's whole method, with the parts that `sightline.load` leaves out: heads, banks, teachers, dropped decoders."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from sightline.data.numbers import Column
from sightline.recipes.find import find
from sightline.runtime.description import read_description, run_folder
from sightline.text.load import load_tokenizer
from sightline.towers.spec import from_json
from sightline.train.checkpoint import load
from sightline.train.folder import RunFolder
from sightline.train.recipe.init import resumed
from sightline.train.recipe.override import override
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Recipe
from sightline.train.stage import phase_recipes


def restored(run: str | Path) -> tuple[Recipe, Any]:
    """(recipe, method in evaluation mode) of a run, finished or stopped, as its newest checkpoint has them; where a run
    has phases, of the one that was saved.

    Raises FileNotFoundError where there is no run, ValueError for a damaged checkpoint or tokenizer, or a recipe that
    was changed otherwise than by overrides.
    """
    folder = RunFolder(run)
    config = json.loads(folder.config.read_text(encoding="utf-8"))
    recipe = override(find(config["recipe"]["name"]), config["overrides"])
    start = None if config.get("init") is None else resumed(recipe, config["init"])
    recipe = recipe if start is None else start.recipe
    words = load_tokenizer(folder.tokenizer) if recipe.reads_words else None
    state = load(folder.last)
    phase = phase_recipes(recipe, words, start)[state.get("phase", 0)]
    built = read_description(run_folder(folder.path))["parts"]
    heads: dict[str, Any] = {
        name: from_json(built[name]) for name, part in phase.parts.items() if hasattr(part, "upon")
    }
    recipe = replace(
        phase,
        parts=phase.parts | Parts(**heads),  # as they were made to fit what was trained on
        samples=config["data"]["samples"],
        classes=config.get("classes", 0),
        class_names=tuple(built.get("classes", {}).get("names", ())),
        columns=tuple(Column(**column) for column in config.get("columns", ())),
    )
    method: Any = recipe.build(recipe)
    try:
        method.load_state_dict(state["method"])
    except RuntimeError as error:
        changes = " ".join(config["overrides"])
        raise ValueError(
            f"the weights of {run} are not those of {recipe.name} {changes}".rstrip() + ": its recipe was changed in "
            f"Python. Build that recipe, and load {folder.last} with sightline.train.checkpoint.load"
        ) from error
    return recipe, method.eval()
