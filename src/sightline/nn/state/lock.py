"""Parts that a run does not train: no gradients, and evaluation mode whatever the rest is put in.

Evaluation mode matters as much: a BatchNorm in training mode moves its statistics without any gradient.
"""

from collections.abc import Iterable
from typing import Any

from torch import nn

ATTRIBUTE = "_sightline_locked"


def lock(module: nn.Module) -> nn.Module:
    """The module without gradients, marked, in evaluation mode."""
    module.requires_grad_(False)
    setattr(module, ATTRIBUTE, True)
    return module.eval()


def locked(module: nn.Module) -> list[nn.Module]:
    """The modules that `lock` marked in it."""
    return [part for part in module.modules() if getattr(part, ATTRIBUTE, False)]


def keep_locked(modules: Iterable[nn.Module]) -> None:
    """Back to evaluation mode: `train()` of a whole method reaches them too."""
    for module in modules:
        module.eval()


def lock_named(method: nn.Module) -> None:
    """Locks the parts that the method names in `frozen`, a tuple of dotted paths; nothing where it names none.

    ValueError for a path at which the method has no module.
    """
    frozen: Any = getattr(method, "frozen", ())
    for name in frozen:
        try:
            part = method.get_submodule(name)
        except AttributeError:
            known = ", ".join(child for child, _ in method.named_children())
            raise ValueError(f"{type(method).__name__}.frozen names {name!r}; its parts are {known}") from None
        lock(part)
