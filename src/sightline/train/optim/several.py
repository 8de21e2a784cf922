"""Several optimisers in one run: each has parameters and loss terms of its own (a generator and its discriminator).

The method says what belongs to whom, the recipe's `optims` what each is:

    optimised = {"discriminator": ("disc_real", "disc_fake")}      optimiser -> the terms it minimises
    def groups(self): return {"discriminator": ("discriminator",)} optimiser -> the parts whose parameters it has

All other terms and parameters are those of the recipe's `optim`. A step is one forward; then each optimiser's terms are
summed and followed back to its own parameters alone, so that no gradient of one's loss reaches what the other has. An
optimiser none of whose terms came takes no step, which is how a method alternates them, or lets one begin late.

Departure from VQGAN's code (Esser, Rombach & Ommer 2020, https://arxiv.org/abs/2012.09841), where the discriminator
sees the generator after its step: both step from the same forward.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from sightline.protocols import Batch, Losses
from sightline.train.optim.gradcache import Scale, detach, total
from sightline.train.optim.optimizer import Names, Optimizer

MAIN = ""
"""the name of the recipe's `optim` among all of them"""


@dataclass(frozen=True, eq=False)
class Learning:
    """One optimiser of a run: its settings, torch's object, its parameters by name, and its terms.

    `terms` is None for the main one of several, which has all that no other names, and for one that is alone.
    """

    name: str
    spec: Optimizer
    optimizer: torch.optim.Optimizer
    parameters: Mapping[str, nn.Parameter]
    terms: tuple[str, ...] | None


def optimisers(method: nn.Module, specs: Mapping[str, Optimizer], decayed: Names) -> list[Learning]:
    """An optimiser for each of `specs`, {MAIN: the recipe's optim, **its optims}, in that order, over the trainable
    parameters of `method`. ValueError where recipe and method name different ones, a part is not there or empty, or
    two of them have the same parameter or term."""
    owned, terms = _owned(method, specs), _terms(method, specs)
    trainable = {name: p for name, p in method.named_parameters() if p.requires_grad}
    others = {name for names in owned.values() for name in names}
    made = []
    for name, spec in specs.items():
        mine = owned.get(name, trainable.keys() - others)
        parameters = {path: p for path, p in trainable.items() if path in mine}
        if not parameters:
            raise ValueError(
                f"nothing of {type(method).__name__} is left for {_setting(name)} to train: what it has is frozen, or "
                "belongs to another optimiser"
            )
        built = spec.build(method, decayed, None if len(specs) == 1 else parameters.keys())
        made.append(Learning(name, spec, built, parameters, terms.get(name)))
    return made


def backward_several(
    forward: Callable[[Batch], Losses], batch: Batch, scale: Scale, all_of: Sequence[Learning]
) -> tuple[Losses, list[Learning]]:
    """One forward, a backward of each optimiser's terms into its own parameters. Returns the terms, detached, and the
    optimisers that have any. ValueError where a part of an optimiser's terms came."""
    losses = forward(batch)
    shares = [(one, mine) for one in all_of if (mine := share(losses, one, all_of))]
    for number, (one, mine) in enumerate(shares, 1):
        wanted = list(one.parameters.values())
        scale(total(mine)).backward(inputs=wanted, retain_graph=number < len(shares))
    return detach(losses), [one for one, _ in shares]


def share(losses: Losses, one: Learning, all_of: Sequence[Learning]) -> Losses:
    """The terms of `losses` that optimiser `one` minimises; {} at a step at which it has none."""
    if one.terms is None:
        taken = {term for other in all_of for term in other.terms or ()}
        return {name: value for name, value in losses.items() if name not in taken}
    lacking = [term for term in one.terms if term not in losses]
    if lacking and len(lacking) < len(one.terms):
        raise ValueError(
            f"{_setting(one.name)} minimises {', '.join(one.terms)} (the method's `optimised`), and "
            f"{', '.join(lacking)} did not come: there are {', '.join(losses)}. A step gives all of an optimiser's "
            "terms, or none"
        )
    return {} if lacking else {term: losses[term] for term in one.terms}


def _owned(method: nn.Module, specs: Mapping[str, Optimizer]) -> dict[str, set[str]]:
    """The names of the parameters of every optimiser but the main one."""
    given: Any = getattr(method, "groups", dict)
    paths: Mapping[str, Sequence[str]] = given()
    _same(method, "groups()", paths.keys(), specs)
    names = [name for name, _ in method.named_parameters()]
    owned: dict[str, set[str]] = {}
    for who, parts in paths.items():
        owned[who] = set()
        for part in parts:
            found = {name for name in names if name == part or name.startswith(f"{part}.")}
            if not found:
                children = ", ".join(child for child, _ in method.named_children())
                raise ValueError(f"{type(method).__name__}.groups() names {part!r}; its parts are {children}")
            owned[who] |= found
    _apart(method, "parameter", owned)
    return owned


def _terms(method: nn.Module, specs: Mapping[str, Optimizer]) -> dict[str, tuple[str, ...]]:
    """The loss terms of every optimiser but the main one."""
    given: Mapping[str, Sequence[str]] = getattr(method, "optimised", {})
    _same(method, "optimised", given.keys(), specs)
    terms = {who: tuple(names) for who, names in given.items()}
    if empty := [who for who, names in terms.items() if not names]:
        raise ValueError(f"{type(method).__name__}.optimised gives {empty[0]} no term of the loss")
    _apart(method, "term", {who: set(names) for who, names in terms.items()})
    return terms


def _same(method: nn.Module, where: str, named: Any, specs: Mapping[str, Optimizer]) -> None:
    extra = specs.keys() - {MAIN}
    if set(named) != extra:
        raise ValueError(
            f"the recipe's optims are {', '.join(sorted(extra)) or 'none'}, and {type(method).__name__}.{where} has "
            f"{', '.join(sorted(named)) or 'none'}: each optimiser beside `optim` is named in both"
        )


def _apart(method: nn.Module, what: str, owned: Mapping[str, set[str]]) -> None:
    seen: dict[str, str] = {}
    for who, names in owned.items():
        for name in sorted(names):
            if name in seen:
                raise ValueError(f"{type(method).__name__}: the {what} {name} belongs to {seen[name]} and to {who}")
            seen[name] = who


def _setting(name: str) -> str:
    return f"optims.{name}" if name else "optim"
