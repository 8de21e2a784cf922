"""The measures: five properties of any encoder, graphics, one report. The package can be called:
`sightline.measure("runs/mine", data="photos/")`.

`sightline.measure` names both a function and this folder; see `sightline.train`, where the same holds.
"""

import importlib
import sys
from types import ModuleType
from typing import Any


class _Called(ModuleType):
    def __call__(self, *args: Any, **settings: Any) -> Any:
        return importlib.import_module("sightline.measure.face").measure(*args, **settings)


sys.modules[__name__].__class__ = _Called
