"""Optimiser rules live with the layer: `tag(self.pos, "no_decay")`, and `groups` reads the tags.

Decayed are the trainable tensors with more than one axis that are not tagged `no_decay`; never biases, norms, scales,
positions, class tokens. A module with a method `rates()` says by which multiple of the optimiser's rate each of its
parameters learns, {name: multiple}, 1 for a name it leaves out; `layer_rates` makes them for a transformer.
"""

import re
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


EMBEDDINGS = ("stem", "position", "prefix", "entry")
"""what lies before the first block of a tower (towers/vit.py)"""


def layer_rates(tower: nn.Module, gamma: float, path: str = "") -> dict[str, float]:
    """Multiples of the rate that fall with the distance from the output, for `rates()` of a method that fine-tunes:

        gamma ^ (depth + 1 - l),  l = 0 for what comes before the blocks, i + 1 for block i, depth + 1 for the rest

    (Bao et al. 2021, BEiT, https://arxiv.org/abs/2106.08254, appendix; MAE's fine-tuning: gamma .65 for ViT-B, .75 for
    ViT-L). Returns {path + parameter's name: multiple} of every parameter of `tower`, `path` being where the tower lies
    in the method ("image."). ValueError for gamma outside (0, 1], or a tower without blocks.
    """
    if not 0 < gamma <= 1:
        raise ValueError(
            f"the rate falls by gamma a layer, above 0 and at most 1; got {gamma}. Papers take 0.65 to 0.9"
        )
    block = {name: re.search(r"(?:^|\.)blocks\.(\d+)\.", name) for name, _ in tower.named_parameters()}
    numbers = {int(found[1]) for found in block.values() if found}
    if not numbers:
        raise ValueError(
            f"{type(tower).__name__} has no blocks to count layers by; rates by layer are for transformers"
        )
    depth = max(numbers) + 1
    layer = {
        name: int(found[1]) + 1 if found else 0 if name.partition(".")[0] in EMBEDDINGS else depth + 1
        for name, found in block.items()
    }
    return {f"{path}{name}": gamma ** (depth + 1 - at) for name, at in layer.items()}
