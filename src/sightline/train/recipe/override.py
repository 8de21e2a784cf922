"""`key.path=value` on a recipe: typed, and refusing unknown keys with the list of known ones.

The settings of a method that stands inside another one (`method.pair.positives` of `clip.icons`) are also reached from
outside it (`method.positives`), so that what is set of a system holds for each of its recipes; those of a part by its
name alone (`image.depth` for `parts.image.depth`). A phase is named by its index, from 0: `phases.1.optim.lr`
holds in it alone, what is set of the recipe in every phase that does not have it otherwise.
"""

import ast
import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar

from sightline.towers.spec import kinds_like
from sightline.train.optim.optimizer import Optimizer
from sightline.train.recipe.nearest import nearest
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.phase import CHANGED, Phase, in_phase

T = TypeVar("T")
AROUND = ("pair", "base")
"""the field by which a method around another one holds the Config of that"""


def override(recipe: T, settings: Iterable[str]) -> T:
    """The recipe with every `key.path=value` of `settings` applied, in order.

    Raises ValueError for a word without `=`, an unknown key, or a value of another type.
    """
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals:
            raise ValueError(f"{setting!r} is not an override; write key=value, for instance optim.lr=3e-4")
        whole = path.strip()
        try:
            recipe = _set(recipe, whole.split("."), text.strip(), whole)
        except UnknownSetting as error:
            meant = " or ".join(nearest(recipe, whole))
            raise ValueError(f"{error}{f'. Did you mean {meant}?' if meant else ''}") from error
    return recipe


class UnknownSetting(ValueError):
    """A key that no field answers to."""


def _set(node: Any, path: list[str], text: str, whole: str) -> Any:
    if isinstance(node, Parts):
        return _set_part(node, path, text, whole)
    known = {f.name: f for f in fields(node)}
    name = path[0]
    if name not in known:
        parts = getattr(node, "parts", None)
        if isinstance(parts, Parts) and name in parts:
            return replace(node, parts=_set_part(parts, path, text, whole))
        for around in AROUND:
            inner = getattr(node, around, None)
            if is_dataclass(inner) and name in {f.name for f in fields(inner)}:
                return replace(node, **{around: _set(inner, path, text, whole)})
        named = [*known, *(getattr(node, "parts", None) or ())]
        raise UnknownSetting(f"{type(node).__name__} has no field {name!r} (in {whole}); it has {', '.join(named)}")
    value = getattr(node, name)
    if len(path) > 1 and name == "phases":
        return replace(node, phases=_set_phase(node, path[1:], text, whole))
    if len(path) > 1 and name == "optims":
        return replace(node, optims=_set_optim(value, path[1:], text, whole))
    if len(path) > 1:
        if not is_dataclass(value) and not isinstance(value, Parts):
            raise ValueError(f"{whole}: {name} is {getattr(value, '__name__', repr(value))}, it has no fields")
        changed = _set(value, path[1:], text, whole)
    else:
        changed = parse(text, typing.get_type_hints(type(node))[name], value, whole)
    if name in ("steps", "epochs") and {"steps", "epochs"} <= known.keys() and changed is not None:
        return replace(node, **{"steps": None, "epochs": None, name: changed})
    return replace(node, **{name: changed})


def _set_part(parts: Parts, path: list[str], text: str, whole: str) -> Parts:
    """One part changed: a field of its spec, or the whole spec for another of its kind (`image=ResNetSpec(...)`)."""
    name = path[0]
    if name not in parts:
        raise UnknownSetting(f"there is no part {name!r} (in {whole}); there are {', '.join(parts)}")
    if len(path) > 1:
        return parts | Parts(**{name: _set(parts[name], path[1:], text, whole)})
    return parts | Parts(**{name: parse(text, kinds_like(parts[name]), parts[name], whole)})


def _set_optim(optims: Mapping[str, Any], path: list[str], text: str, whole: str) -> dict[str, Any]:
    """One of the further optimisers changed: a setting of it, or the whole for another kind."""
    name = path[0]
    if name not in optims:
        known = ", ".join(optims) or "none"
        raise UnknownSetting(f"there is no optimiser {name!r} (in {whole}); beside optim there are {known}")
    kind = parse(text, Optimizer, optims[name], whole) if len(path) == 1 else _set(optims[name], path[1:], text, whole)
    return {**optims, name: kind}


def _set_phase(recipe: Any, path: list[str], text: str, whole: str) -> tuple[Phase, ...]:
    """The phases with one changed. Of what it shares with the recipe it then says the fields that differ."""
    phases: tuple[Phase, ...] = recipe.phases
    known = ", ".join(f"phases.{number}" for number in range(len(phases))) or "none"
    if not path[0].isdecimal() or int(path[0]) >= len(phases):
        raise UnknownSetting(f"{recipe.name} has no phase {path[0]!r} (in {whole}); there are {known}")
    number, path = int(path[0]), path[1:]
    phase = phases[number]
    if path == ["steps"]:
        changed = replace(phase, steps=parse(text, int | float | None, phase.steps, whole))
    else:
        now = in_phase(recipe, number)
        name = "parts" if path and path[0] in now.parts else path[0] if path else ""
        if name not in CHANGED:
            raise UnknownSetting(f"a phase has no {'.'.join(path)!r} (in {whole}); it has steps, {', '.join(CHANGED)}")
        after = getattr(_set(now, path, text, whole), name)
        changed = replace(phase, **{name: _beside(getattr(now, name), after, getattr(phase, name), len(path) == 1)})
    return (*phases[:number], changed, *phases[number + 1 :])


def _beside(before: Any, after: Any, given: Any, whole: bool) -> Any:
    """What a phase says so that `after` stands where `before` does: the entries or fields that differ, beside what it
    has `given`; all of it where the `whole` was set, or given."""
    if isinstance(after, Mapping):
        differing = {name: value for name, value in after.items() if before[name] != value}
        return given | Parts(**differing) if isinstance(after, Parts) else {**given, **differing}
    if whole or not is_dataclass(after) or not (given is None or isinstance(given, Mapping)):
        return after
    names = [f.name for f in fields(after)]
    differing = {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
    return {**(given or {}), **differing}


def parse(text: str, kind: Any, value: Any, whole: str) -> Any:
    """`text` as a value of the annotation `kind`; `value` is the present one, for the message."""
    try:
        parsed = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        parsed = {"true": True, "false": False, "none": None}.get(text.lower(), text)
        if isinstance(parsed, str) and parsed.lower().lstrip("+-") in NO_NUMBERS and not _fits(parsed, kind):
            parsed = float(parsed)
    if _fits(parsed, kind):
        _finite(parsed, whole)
        whole_too = int in typing.get_args(kind)
        return (
            float(parsed)
            if kind is float or (isinstance(value, float) and type(parsed) is int and not whole_too)
            else parsed
        )
    if _fits(text, kind):
        return text
    members: tuple[Any, ...] = typing.get_args(kind)
    if kinds := {k.__name__: k for k in members if isinstance(k, type) and is_dataclass(k)}:
        return _one_of(text, kinds, value, whole)
    options = f"one of {', '.join(map(repr, typing.get_args(kind)))}" if typing.get_origin(kind) is Literal else None
    wanted = options or getattr(kind, "__name__", str(kind))
    raise ValueError(f"{whole} is {value!r}; {text!r} is a {type(parsed).__name__}, and {wanted} is expected")


NO_NUMBERS = frozenset({"nan", "inf", "infinity"})


def _finite(value: Any, whole: str) -> None:
    """No number of a recipe means anything where it is nan or infinite."""
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, float) and not math.isfinite(number):
            rate = " and positive" if whole.endswith("lr") else ""
            raise ValueError(f"{whole} is {number}; it must be finite{rate}")


def _one_of(text: str, kinds: dict[str, Any], value: Any, whole: str) -> Any:
    """`Window` or `ElementMask(ratio=0.6)`: another kind of the same thing. Fields that both kinds have keep their
    values where they fit; the rest have the new kind's defaults, or what stands in the brackets."""
    name, given = _named(text)
    if name not in kinds:
        known = ", ".join(kinds)
        raise ValueError(
            f"{whole} is {value!r}; {text!r} is none of {known}. Write a name, or a name with what it is to change: "
            f"{whole}={next(iter(kinds))}, or '{whole}=NAME(field=value)'"
        )
    kind = kinds[name]
    known = {f.name: f for f in fields(kind)}
    if unknown := given.keys() - known:
        raise ValueError(f"{name} has no field {', '.join(sorted(unknown))} (in {whole}); it has {', '.join(known)}")
    hints = typing.get_type_hints(kind)
    held = {at: getattr(value, at) for at in known if at not in given and hasattr(value, at)}
    values = {at: one for at, one in held.items() if _fits(one, hints[at])}
    values |= {at: parse(part, hints[at], known[at].default, f"{whole}.{at}") for at, part in given.items()}
    if missing := [at for at, f in known.items() if at not in values and f.default is f.default_factory is MISSING]:
        raise ValueError(f"{whole}={text} does not say {', '.join(missing)}; write '{whole}={name}({missing[0]}=...)'")
    return kind(**values)


def _named(text: str) -> tuple[str, dict[str, str]]:
    """`NAME` or `NAME(field=value)` as a name and the texts of its fields; no name where it is neither."""
    try:
        parsed = ast.parse(text, mode="eval").body
    except SyntaxError:
        return "", {}
    match parsed:
        case ast.Name(id=name):
            return name, {}
        case ast.Call(func=ast.Name(id=name), args=[], keywords=keywords):
            return name, {k.arg or "": ast.unparse(k.value) for k in keywords}
        case _:
            return "", {}


def _fits(value: Any, kind: Any) -> bool:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return True
    if origin is Literal:
        return value in inner
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, k) for k in inner)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        each = inner[:1] * len(value) if inner[-1:] == (Ellipsis,) else inner
        return len(each) == len(value) and all(_fits(v, k) for v, k in zip(value, each, strict=True))
    if kind is float:
        return type(value) in (int, float)
    if kind in (int, bool, str):
        return type(value) is kind
    return kind is type(None) and value is None
