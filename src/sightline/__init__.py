"""Sightline trains, measures and uses image representations.

>>> import sightline
>>> encoder = sightline.load("builtin:icons")
>>> encoder.encode_text(["credit card"], normalize=True).shape
(1, 256)
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from sightline.moved import Moved

if TYPE_CHECKING:
    from sightline.measure.face import measure as measure
    from sightline.recipes.find import train as train
    from sightline.search.embed import embed as embed
    from sightline.search.index import Index as Index
    from sightline.weights.opened import load as load

__version__ = "0.1.0"
__all__ = ["Index", "__version__", "embed", "load", "measure", "train"]

# Public names live where they belong and are fetched on first use (PEP 562): `import sightline` imports nothing else.
_HOMES = {
    "Index": "sightline.search.index",
    "embed": "sightline.search.embed",
    "load": "sightline.weights.opened",
    "measure": "sightline.measure",
    "train": "sightline.train",
}
# Packages that can be called: see there.
_CALLED = frozenset({"measure", "train"})
# Where torch is not installed: the same name of the light core.
_WITHOUT_TORCH = {"load": "sightline.runtime.load"}


sys.meta_path.append(Moved())


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sightline' has no attribute {name!r}; it has {', '.join(__all__)}")
    try:
        home = importlib.import_module(_HOMES[name])
    except ModuleNotFoundError as error:
        if error.name != "torch" or name not in _WITHOUT_TORCH:
            raise
        home = importlib.import_module(_WITHOUT_TORCH[name])
    return home if name in _CALLED else getattr(home, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
