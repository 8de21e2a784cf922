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
    columns = tuple(Column(**column) for column in config.get("columns", ()))
    parts = phase.parts | Parts(**_heads(phase.parts, folder.path))
    recipe = replace(
        phase,
        parts=parts,
        samples=config["data"]["samples"],
        classes=config.get("classes", 0),
        class_names=_names(run),
        columns=columns,
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


def _heads(parts: Parts, run: Path) -> dict[str, Any]:
    """The parts that were made to fit what was trained on, as the run says they were built."""
    names = [name for name, part in parts.items() if hasattr(part, "upon")]
    if not names:
        return {}
    described = read_description(run_folder(run))["parts"]
    return {name: from_json(described[name]) for name in names}


def _names(run: str | Path) -> tuple[str, ...]:
    """How the classes of its head are called, as its encoder has them; nothing where it has none."""
    head = read_description(run_folder(run)).get("parts", {}).get("classes", {})
    return tuple(head.get("names", ()))
