"""Optimiser rules live with the layer: `tag(self.pos, "no_decay")`, and `groups` reads the tags.

Decayed are the trainable tensors with more than one axis that are not tagged `no_decay`; never biases, norms, scales,
positions, class tokens.
"""

from collections.abc import Collection
from typing import Any

from torch import nn

ATTRIBUTE = "_sightline_tags"


def tag(parameter: nn.Parameter, *names: str) -> nn.Parameter:
    """Add tags to a parameter and hand it back."""
    setattr(parameter, ATTRIBUTE, tags(parameter) | set(names))
    return parameter


def tags(parameter: nn.Parameter) -> frozenset[str]:
    """The tags of a parameter. A deep copy or a sharding wrapper makes new parameters, which carry none."""
    return frozenset(getattr(parameter, ATTRIBUTE, ()))


def decayed(module: nn.Module) -> frozenset[str]:
    """Names of the trainable parameters that weight decay applies to; ask before sharding, which drops the tags."""
    return frozenset(
        name
        for name, parameter in module.named_parameters()
        if parameter.requires_grad and parameter.ndim > 1 and "no_decay" not in tags(parameter)
    )


def groups(module: nn.Module, decay: float, names: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Optimiser groups of the trainable parameters: decayed ones first, then the rest at 0; an empty group is left out.

    `names` are those of `decayed(module)`, given where the parameters were wrapped since.
    """
    names = decayed(module) if names is None else names
    trainable = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
    with_decay = {"params": [p for name, p in trainable if name in names], "weight_decay": decay}
    without = {"params": [p for name, p in trainable if name not in names], "weight_decay": 0.0}
    return [group for group in (with_decay, without) if group["params"]]
