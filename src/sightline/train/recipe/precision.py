"""The precision of a run whose recipe leaves it open: bfloat16 where the machine multiplies faster in it, else float32.

A CPU without AMX or AVX512-BF16 emulates bfloat16, fifty times slower than float32 (measured: 7 instead of 340 pictures
a second). What was chosen is written down with the run, and a run that goes on, on whatever machine, keeps it.
"""

import json
from dataclasses import replace

import torch

from sightline import dist
from sightline.train.folder import RunFolder
from sightline.train.recipe.recipe import Recipe
from sightline.weights.batcher import bfloat16_pays


def settled(recipe: Recipe, device: torch.device, folder: RunFolder) -> Recipe:
    """The recipe with a precision of its own instead of "auto": the run's in `folder`, else what is fast on `device`.

    The first rank decides for all of them, since timings differ. A collective.
    """
    if recipe.precision != "auto":
        return recipe
    low = dist.rank() == 0 and (_earlier(folder) or _fast(device)) == "bfloat16"
    return replace(recipe, precision="bfloat16" if dist.any_true(low) else "float32")


def _fast(device: torch.device) -> str:
    return "bfloat16" if bfloat16_pays(device) else "float32"


def _earlier(folder: RunFolder) -> str | None:
    """The precision the run in this folder was begun in; None where there is none to go on with."""
    if not folder.kept():
        return None
    try:
        return json.loads(folder.config.read_text(encoding="utf-8"))["recipe"]["precision"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # `check_same` says what is wrong with it
