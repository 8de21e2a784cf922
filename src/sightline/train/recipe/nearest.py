"""Which settings of a recipe a word may mean: `lr` is `optim.lr`, and so is `learning_rate` of other programs."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any

from sightline.train.recipe.parts import Parts
from sightline.train.recipe.phase import CHANGED, in_phase

OTHER_NAMES = {
    "learning_rate": "optim.lr",
    "rate": "optim.lr",
    "batch_size": "batch",
    "batchsize": "batch",
    "bs": "batch",
    "wd": "optim.weight_decay",
    "decay": "optim.weight_decay",
    "max_steps": "steps",
    "iterations": "steps",
    "iters": "steps",
    "num_steps": "steps",
    "num_epochs": "epochs",
    "max_epochs": "epochs",
    "image_size": "data.size",
    "img_size": "data.size",
    "resolution": "data.size",
    "vocab_size": "data.tokenizer.vocab",
    "grad_clip": "clip",
    "warmup_steps": "schedule.warmup",
    "grad_accum": "micro",
    "amp": "precision",
    "dtype": "precision",
    "optimizer": "optim",
    "optimiser": "optim",
    "scheduler": "schedule",
}
"""how other programs call the same settings"""


def settings_of(node: Any, path: str = "") -> Iterator[str]:
    """The dotted names of everything that can be set."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Parts):  # parts are set by their own names
            for name, spec in value.items():
                yield f"{path}{name}"
                yield from settings_of(spec, f"{path}{name}.")
            continue
        if field.name == "phases" and value:
            for number in range(len(value)):
                yield f"phases.{number}.steps"
                own = settings_of(in_phase(node, number))
                yield from (f"phases.{number}.{name}" for name in own if name.partition(".")[0] in CHANGED)
        if field.name == "optims":
            for name, spec in value.items():
                yield f"optims.{name}"
                yield from settings_of(spec, f"optims.{name}.")
        yield f"{path}{field.name}"
        if is_dataclass(value) and not isinstance(value, type):
            yield from settings_of(value, f"{path}{field.name}.")


def nearest(recipe: Any, word: str) -> list[str]:
    """Returns the settings `word` may mean: those whose name ends so, else those spelt nearly so; the outermost first.

    Dashes, underscores and capitals do not count.
    """
    plain = word.strip("-").replace("-", "_").lower()
    known = sorted(settings_of(recipe), key=lambda name: (name.count("."), name))
    spelt = {name.lower(): name for name in reversed(known)}
    if plain in spelt:
        return [spelt[plain]]
    plain = OTHER_NAMES.get(plain, plain)
    if ending := [name for name in known if f".{name}".lower().endswith(f".{plain}")]:
        shortest = ending[0].count(".")
        return [name for name in ending if name.count(".") == shortest][:3]
    last = plain.rpartition(".")[2]
    leaves = {name.rpartition(".")[2].lower(): name for name in reversed(known)}
    near = get_close_matches(plain, list(spelt), n=1, cutoff=0.75)
    return [spelt[name] for name in near] or [
        leaves[name] for name in get_close_matches(last, leaves, n=1, cutoff=0.75)
    ]
