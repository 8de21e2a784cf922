"""Tables that depend on plain values only (positions of a grid) are made once."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
T = TypeVar("T")


def constant(make: Callable[P, T]) -> Callable[P, T]:
    """`lru_cache`, except while a graph is traced: tensors made then are symbols, and would be found by later calls.

    What is kept is made outside inference mode, so that a tower that has embedded something can still be trained.
    """

    @lru_cache(maxsize=128)
    def kept(*args: P.args, **kwargs: P.kwargs) -> T:
        with torch.inference_mode(False):
            return make(*args, **kwargs)

    @wraps(make)
    def given(*args: P.args, **kwargs: P.kwargs) -> T:
        return make(*args, **kwargs) if torch.compiler.is_compiling() else kept(*args, **kwargs)

    return given
