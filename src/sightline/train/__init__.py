"""The trainer: loop, checkpoints, evaluation. The package can be called: `sightline.train("clip", out="runs/mine")`.

`sightline.train` names both a function and this folder, and Python gives whichever was imported last: so the folder is
the function too (`sightline.recipes.find.train`).
"""

import importlib
import sys
from types import ModuleType
from typing import Any


class _Called(ModuleType):
    def __call__(self, *args: Any, **settings: Any) -> Any:
        return importlib.import_module("sightline.recipes.find").train(*args, **settings)


sys.modules[__name__].__class__ = _Called
