"""Starting a run from an encoder: its towers, projections, scale, preprocessing and tokenizer for a recipe's own.

Of an encoder of pictures alone, a recipe that reads words takes the tower and its preprocessing; the words are its own.
`image=NAME` and `text=NAME` take one tower of an encoder, with what prepares its input, and nothing else of it: the
other tower may come from another encoder or be the recipe's own, projections and scale are the recipe's.

The encoder is read once, before the first step; what is needed to build the same model again is written into
config.json as `init`, so that a resumed run reads its checkpoint and nothing else.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sightline.data.prepare.naflex_rule import NaFlexRule, rule_from_json
from sightline.data.prepare.preprocess import Preprocess
from sightline.nn.state.lock import lock
from sightline.text.load import AnyTokenizer
from sightline.towers.spec import from_json
from sightline.train.folder import RunFolder
from sightline.train.recipe.given import TOWERS, Head, Init, asked, given, said, together
from sightline.train.recipe.parts import Parts
from sightline.train.recipe.recipe import Recipe, fitted
from sightline.weights.run_folder.joint import tensors_of

Lock = Literal["none", "image", "text", "both"]
"""The towers that are not trained; projections always are"""
WAY = re.compile(r"^(phases\.\d+\.)?(parts\.)?")
"""what may stand before the name of a part or of the data in a setting"""
TAKEN = {"image": ("image", "data.preprocess"), "text": ("text", "data.tokenizer")}
"""Settings that come from the encoder with each tower of it"""


@dataclass(frozen=True)
class BuildFrom:
    """A recipe's `build`, with the encoder's kinds of projections (None: the recipe's own) and its towers locked."""

    build: Any
    projections: tuple[Head, Head] | None
    lock: Lock

    def __call__(self, recipe: Recipe) -> nn.Module:
        method: Any = self.build(recipe)
        parts = method.kept().parts
        if self.projections is not None:
            for tower, head in zip(("image", "text"), self.projections, strict=True):
                if f"project_{tower}" in parts:  # a phase may keep other parts than the first
                    exchange(method, parts[f"project_{tower}"], _head(head, parts[tower], recipe.dim))
        for tower in ("image", "text") if self.lock == "both" else (self.lock,):
            if tower == "none":
                continue
            if tower not in parts:
                raise ValueError(f"--lock {tower}: {recipe.name} keeps no {tower} tower in one of its phases")
            lock(parts[tower])
        return method


@dataclass(frozen=True, kw_only=True)
class Start:
    """What `begin` found. `tensors` are empty, and `tokenizer` None, where the run goes on from its own checkpoint.
    `notes` are what was taken for granted in reading the encoder."""

    recipe: Recipe
    record: dict[str, Any]
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    tokenizer: AnyTokenizer | None = None
    notes: tuple[str, ...] = ()

    def fitted(self, tokenizer: AnyTokenizer | None) -> Recipe:
        """The recipe with its parts as they will be built: the encoder's towers are, others follow the run's words."""
        made = fitted(self.recipe, tokenizer)
        theirs = {name: self.recipe.parts[name] for name in _taken(self.recipe, self.record)}
        return replace(made, parts=made.parts | Parts(**theirs))

    def fill(self, method: Any) -> None:
        """The encoder's weights into a method just built. ValueError where they do not fit."""
        if not self.tensors:
            return
        kept = method.kept()
        state = tensors_of(kept)
        # a temperature belongs to its loss: softmax has a scale, the sigmoid loss a bias beside it
        scalars = {"log_scale", "bias"} if ("bias" in state) == ("bias" in self.tensors) else set()
        values = {name: x for name, x in self.tensors.items() if name not in ("log_scale", "bias") or name in scalars}
        # words, and parts that the recipe has not, are left; of parts that both have every tensor must fit
        here = {name.partition(".")[0] for name in state} - {"text", "project_text"} | {"image", "project_image"}
        values = {name: x for name, x in values.items() if name in state or name.partition(".")[0] in here}
        parts: tuple[str, ...] = ("image.", "text.", "project_")
        taken = _taken(self.recipe, self.record)
        if not _whole(self.recipe, self.record):  # towers alone are what both have
            parts = tuple(f"{name}." for name in taken)
            values = {name: x for name, x in values.items() if name.startswith(parts)}
        wrong = [name for name, x in values.items() if name not in state or state[name].shape != x.shape]
        wrong += [name for name in state if name.startswith(parts) and name not in values]
        if wrong:
            raise ValueError(f"--init {self.record['encoder']} does not fit {self.recipe.name}: {', '.join(wrong[:4])}")
        with torch.no_grad():
            for name, value in values.items():
                state[name].copy_(value)
        if "image" in taken:
            spread(kept.parts["image"], method)


def begin(recipe: Recipe, init: Init | None, lock: Lock, folder: RunFolder, overrides: Sequence[str]) -> Start | None:
    """The recipe as it starts from `init`, None without one. Raises ValueError with the reason where it cannot."""
    if init is None:
        if lock != "none":
            raise ValueError(f"--lock {lock} keeps a tower of an encoder as it is: name the encoder with --init")
        return None
    if lock not in ("none", "image", "text", "both"):
        raise ValueError(f"lock is {lock!r}; expected none, image, text or both")
    names = asked(init)
    for tower in [name or "image" for name in names]:
        if tower not in recipe.parts:
            raise ValueError(
                f"--init fills {'an image' if tower == 'image' else 'a text'} tower, and {recipe.name} has none; it "
                f"has {', '.join(recipe.parts) or 'no parts'}"
            )
    headed = lock == "image" and not {*recipe.parts} <= {*TOWERS}  # something else learns on top of it
    if "text" not in recipe.parts and lock != "none" and not headed:
        lacks = "learns by its image tower alone" if lock == "image" else "has no text tower"
        raise ValueError(f"--lock {lock}: {recipe.name} {lacks}")
    before = _record(folder)
    if folder.last.exists() and before is not None and before["encoder"] == said(names):
        _check(recipe, before, lock, overrides)
        seen = before["preprocess"]
        size = seen.get("size") if seen is not None and _set("data.size", overrides) else recipe.data.size
        if size != recipe.data.size:
            raise ValueError(
                f"{folder.path} was started with data.size={size} and goes on with it, not with {recipe.data.size}: "
                "give the same command, another --out, or --fresh"
            )
        return resumed(recipe, before | {"lock": lock})
    size = recipe.data.size if _set("data.size", overrides) else 0
    channels = recipe.parts.image.channels if "image" in recipe.parts else 0
    rule = recipe.data.evaluation_view()
    length = rule.length if isinstance(rule, NaFlexRule) else 0
    found = [given(name, tower, size, channels, length) for tower, name in names.items()]
    record = together([one.record for one in found]) | {"encoder": said(names)}
    _check(recipe, record, lock, overrides)
    tokenizer = next((one.tokenizer for one in found if one.tokenizer is not None), None)
    if "text" in _taken(recipe, record) and tokenizer is None:
        raise ValueError(f"--init {record['encoder']} has no tokenizer, and {recipe.name} learns from captions")
    record |= {"lock": lock}
    return Start(
        recipe=_changed(recipe, record),
        record=record,
        tensors={name: x for one in found for name, x in one.tensors.items()},
        tokenizer=tokenizer,
        notes=tuple(note for one in found for note in one.notes),
    )


def resumed(recipe: Recipe, record: Mapping[str, Any]) -> Start:
    """A run's start as its config.json has it under `init`: the same model, to be filled from its checkpoint."""
    return Start(recipe=_changed(recipe, record), record=dict(record))


def _check(recipe: Recipe, record: Mapping[str, Any], lock: Lock, overrides: Sequence[str]) -> None:
    """ValueError for a lock on a tower that the encoder lacks, and for settings that come from it."""
    towers = _taken(recipe, record)
    for tower in TOWERS if lock == "both" else (lock,):
        if tower in TOWERS and tower not in towers:
            raise ValueError(
                f"--lock {lock}: --init {record['encoder']} gives no {tower} tower, that of {recipe.name} is new"
            )
    taken = [name for tower in towers for name in TAKEN[tower]]
    if _dim(recipe, record) is not None:
        taken.append("dim")
    for key in (WAY.sub("", text.partition("=")[0].strip()) for text in overrides):
        if key == "data.preprocess.length":  # of pictures of any shape: the recipe's
            continue
        if key.startswith(tuple(f"{name}." for name in taken)) or key in taken:
            how = ""
            if key.startswith(("image.size", "image.length", "data.pre")):
                how = "; data.size=N reads pictures of another size"
                if isinstance(recipe.data.preprocess, NaFlexRule):
                    how = "; data.preprocess.length=N cuts pictures of any shape into at most N patches"
            raise ValueError(f"{key} comes from --init {record['encoder']}, and cannot be set beside it{how}")


def _set(setting: str, overrides: Sequence[str]) -> bool:
    return any(text.partition("=")[0].strip() == setting for text in overrides)


def _taken(recipe: Recipe, record: Mapping[str, Any]) -> list[str]:
    """The towers that come from the encoder."""
    return [tower for tower in TOWERS if tower in recipe.parts and record[tower] is not None]


def _whole(recipe: Recipe, record: Mapping[str, Any]) -> bool:
    """Whether both towers and what joins them come from one encoder."""
    return len(_taken(recipe, record)) == len(TOWERS) and record["project_text"] is not None


def _dim(recipe: Recipe, record: Mapping[str, Any]) -> int | None:
    """The width of the joint space where it is the encoder's: it has no meaning for projections that are new."""
    return record["dim"] if _whole(recipe, record) or "text" not in recipe.parts else None


def _record(folder: RunFolder) -> dict[str, Any] | None:
    """What config.json says of an earlier start; None where there is none, or the file is cut (said elsewhere)."""
    try:
        found = json.loads(folder.config.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found.get("init") if isinstance(found, dict) else None


def _changed(recipe: Recipe, record: Mapping[str, Any]) -> Recipe:
    parts = recipe.parts | Parts(**{name: from_json(record[name]) for name in _taken(recipe, record)})
    data = recipe.data
    if record["preprocess"] is not None:
        rule = rule_from_json(record["preprocess"])
        if isinstance(rule, NaFlexRule) and isinstance(data.preprocess, NaFlexRule):
            rule = replace(rule, length=data.preprocess.length)
        data = replace(data, preprocess=rule)
        data = replace(data, size=rule.size) if isinstance(rule, Preprocess) else data
    projections = (record["project_image"], record["project_text"]) if _whole(recipe, record) else None
    made = BuildFrom(recipe.build, projections, record["lock"])
    return replace(recipe, build=made, parts=parts, dim=_dim(recipe, record) or recipe.dim, data=data)


def spread(tower: nn.Module, method: nn.Module) -> None:
    """The same weights into the method's other towers of this kind: a student begins as its teacher does."""
    state = tower.state_dict()
    shapes = {name: value.shape for name, value in state.items()}
    for other in method.modules():
        if type(other) is type(tower) and other is not tower:
            if {name: value.shape for name, value in other.state_dict().items()} == shapes:
                other.load_state_dict(state)


def exchange(method: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """`new` in the place of `old`, wherever in `method` that is."""
    for parent in list(method.modules()):
        for name, child in list(parent.named_children()):
            if child is old:
                setattr(parent, name, new)


def _head(head: Head, tower: Any, dim: int) -> nn.Module:
    return nn.Identity() if head == "none" else nn.Linear(tower.dim, dim, bias=head == "linear_bias")
