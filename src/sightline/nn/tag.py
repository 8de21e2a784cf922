"""Optimiser rules live with the layer: `tag(self.pos, "no_decay")`, and `groups` reads the tags.

Decayed are the trainable tensors with more than one axis that are not tagged `no_decay`; never biases, norms, scales,
positions, class tokens. A module with a method `rates()` says by which multiple of the optimiser's rate each of its
parameters learns, {name: multiple}, 1 for a name it leaves out; `nn.depth.layer_rates` makes them.
"""

from collections.abc import Collection, Mapping
from math import inf
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


def groups(
    module: nn.Module, decay: float, names: Collection[str] | None = None, only: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """Optimiser groups of the trainable parameters: decayed ones first, then the rest at 0; an empty group is left out.

    `names` are those of `decayed(module)`, given where the parameters were wrapped since; `only` are the names of those
    that the optimiser has, None for all. Parameters with a rate of their own (`rates_of`) make groups of their own,
    with the multiple as `scale`.
    """
    names, rates = decayed(module) if names is None else names, rates_of(module)
    trainable = [
        (name, p) for name, p in module.named_parameters() if p.requires_grad and (only is None or name in only)
    ]
    made: dict[tuple[bool, float], dict[str, Any]] = {}
    for with_decay in (True, False):
        for name, parameter in trainable:
            if (name in names) == with_decay:
                group = made.setdefault((with_decay, rates.get(name, 1.0)), {"params": []})
                group["params"].append(parameter)
    for (with_decay, rate), group in made.items():
        group |= {"weight_decay": decay if with_decay else 0.0} | ({} if rate == 1 else {"scale": rate})
    return list(made.values())


def rates_of(module: nn.Module) -> Mapping[str, float]:
    """What the module's `rates()` returns, {} where it has none. ValueError for a name that is no parameter of it, or a
    multiple that is not positive and finite."""
    given: Any = getattr(module, "rates", dict)
    rates: dict[str, float] = dict(given())
    if unknown := sorted(rates.keys() - {name for name, _ in module.named_parameters()}):
        raise ValueError(f"{type(module).__name__}.rates() names {', '.join(unknown[:3])}, no parameters of it")
    if wrong := sorted(name for name, rate in rates.items() if not 0 < rate < inf):
        raise ValueError(
            f"{type(module).__name__}.rates() gives {wrong[0]} the multiple {rates[wrong[0]]}; it must be above 0 and "
            "finite. What is not to learn at all is named in `frozen`"
        )
    return rates
