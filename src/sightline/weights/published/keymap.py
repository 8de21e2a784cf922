"""Key maps: small invertible rules between the tensors of a published file and ours.

One list of rules serves both ways: `read` when a checkpoint is loaded, `write` when one is converted. A rule takes
named tensors of one side and gives those of the other, so nothing is loaded half in silence: what no rule takes is an
extra key, what a rule takes and the file lacks is a missing one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from sightline.weights.finite import must_be_finite, some_of

Tensors = dict[str, Tensor]
Shape = tuple[int, ...]
SHOWN = 6
"""kinds of problems, and numbers of layers, that a refusal lists"""


@runtime_checkable
class Rule(Protocol):
    """`theirs` and `ours` name the tensors; `read` maps the former to the latter and `write` is its inverse."""

    @property
    def theirs(self) -> tuple[str, ...]: ...
    @property
    def ours(self) -> tuple[str, ...]: ...
    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]: ...
    def write(self, *ours: Tensor) -> tuple[Tensor, ...]: ...


@dataclass(frozen=True)
class Rename:
    """The same values under another name."""

    their: str
    our: str

    @property
    def theirs(self) -> tuple[str, ...]:
        return (self.their,)

    @property
    def ours(self) -> tuple[str, ...]:
        return (self.our,)

    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]:
        return theirs

    def write(self, *ours: Tensor) -> tuple[Tensor, ...]:
        return ours


@dataclass(frozen=True)
class Transpose(Rename):
    """A matrix the other way round: `x @ proj` there, a linear layer here."""

    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]:
        return (theirs[0].mT.contiguous(),)

    def write(self, *ours: Tensor) -> tuple[Tensor, ...]:
        return (ours[0].mT.contiguous(),)


@dataclass(frozen=True)
class Reshape(Rename):
    """The same values in another shape: a patch convolution (d, c, y, x) as a matrix (d, c y x), (1,) as a scalar."""

    their_shape: Shape
    our_shape: Shape

    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]:
        return (theirs[0].reshape(self.our_shape),)

    def write(self, *ours: Tensor) -> tuple[Tensor, ...]:
        return (ours[0].reshape(self.their_shape),)


@dataclass(frozen=True)
class ChannelsLast(Rename):
    """A patch matrix whose rows are flattened (y, x, c) there and (c, y, x) here."""

    patch: int
    channels: int

    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]:
        cube = theirs[0].reshape(-1, self.patch, self.patch, self.channels)
        return (cube.permute(0, 3, 1, 2).reshape(cube.shape[0], -1),)

    def write(self, *ours: Tensor) -> tuple[Tensor, ...]:
        cube = ours[0].reshape(-1, self.channels, self.patch, self.patch)
        return (cube.permute(0, 2, 3, 1).reshape(cube.shape[0], -1),)


@dataclass(frozen=True)
class Join:
    """Several of theirs on top of one another are one of ours: q, k, v. None is a bias that they do not have: zeros.

    On the way out such a bias is dropped, after checking that it is zero.
    """

    parts: tuple[str | None, ...]
    our: str

    @property
    def theirs(self) -> tuple[str, ...]:
        return tuple(part for part in self.parts if part is not None)

    @property
    def ours(self) -> tuple[str, ...]:
        return (self.our,)

    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]:
        given = iter(theirs)
        blank = torch.zeros_like(theirs[0])
        return (torch.cat([blank if part is None else next(given) for part in self.parts]),)

    def write(self, *ours: Tensor) -> tuple[Tensor, ...]:
        chunks = ours[0].chunk(len(self.parts))
        for part, chunk in zip(self.parts, chunks, strict=True):
            if part is None:
                _must_be_zero(chunk, self.our)
        return tuple(chunk.contiguous() for part, chunk in zip(self.parts, chunks, strict=True) if part is not None)


@dataclass(frozen=True)
class Divide:
    """One of theirs is several of ours on top of one another; `sizes` are the rows of each."""

    their: str
    parts: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def theirs(self) -> tuple[str, ...]:
        return (self.their,)

    @property
    def ours(self) -> tuple[str, ...]:
        return self.parts

    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]:
        return tuple(part.contiguous() for part in theirs[0].split(self.sizes))

    def write(self, *ours: Tensor) -> tuple[Tensor, ...]:
        return (torch.cat(ours),)


@dataclass(frozen=True)
class ClassPosition:
    """A class token with a position of its own, which is folded into our token: their sum is all that a tower sees.

    Theirs: the class token, the table of positions whose first row is its own, registers where there are any. Ours:
    the prefix (class token, then registers) and the positions of the patches. On the way out the first row is zero.
    `lead` are the leading axes of length one that they give a token and a table.
    """

    token: str
    table: str
    prefix: str
    position: str
    token_lead: int = 0
    table_lead: int = 0
    registers: str | None = None

    @property
    def theirs(self) -> tuple[str, ...]:
        return (self.token, self.table, *([self.registers] if self.registers else []))

    @property
    def ours(self) -> tuple[str, ...]:
        return (self.prefix, self.position)

    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]:
        width = theirs[0].shape[-1]
        token, table = theirs[0].reshape(1, width), theirs[1].reshape(-1, width)
        rows = [token + table[:1], *(extra.reshape(-1, width) for extra in theirs[2:])]
        return torch.cat(rows)[None], table[1:].contiguous()

    def write(self, *ours: Tensor) -> tuple[Tensor, ...]:
        prefix, position = ours
        token = prefix[0, 0].clone()
        table = torch.cat([torch.zeros_like(position[:1]), position])
        out = (_lead(token, self.token_lead), _lead(table, self.table_lead))
        return (*out, prefix[:, 1:].contiguous()) if self.registers else out


@dataclass(frozen=True)
class SegmentPosition:
    """BERT's embedding of the first segment, which every token of a single text gets, folded into the positions.

    Theirs: the table of segments, whose other rows nobody reads, and that of positions. On the way out the former is
    zero.
    """

    segment: str
    table: str
    position: str
    segments: int = 2

    @property
    def theirs(self) -> tuple[str, ...]:
        return (self.segment, self.table)

    @property
    def ours(self) -> tuple[str, ...]:
        return (self.position,)

    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]:
        return (theirs[1] + theirs[0][:1],)

    def write(self, *ours: Tensor) -> tuple[Tensor, ...]:
        return torch.zeros_like(ours[0][:1]).repeat(self.segments, 1), ours[0]


@dataclass(frozen=True)
class Zeros:
    """One of ours that they do not have (a bias they leave out): zeros in, checked to be zero and dropped out."""

    our: str
    shape: Shape

    @property
    def theirs(self) -> tuple[str, ...]:
        return ()

    @property
    def ours(self) -> tuple[str, ...]:
        return (self.our,)

    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]:
        return (torch.zeros(self.shape),)

    def write(self, *ours: Tensor) -> tuple[Tensor, ...]:
        _must_be_zero(ours[0], self.our)
        return ()


@dataclass(frozen=True)
class Blank:
    """One of theirs that a tower does not use (a mask token): dropped in, zeros out."""

    their: str
    shape: Shape

    @property
    def theirs(self) -> tuple[str, ...]:
        return (self.their,)

    @property
    def ours(self) -> tuple[str, ...]:
        return ()

    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]:
        return ()

    def write(self, *ours: Tensor) -> tuple[Tensor, ...]:
        return (torch.zeros(self.shape),)


@dataclass(frozen=True)
class Ignore:
    """Keys, by pattern (`*.position_ids`), that a file may hold and nothing needs; never written."""

    pattern: str

    @property
    def theirs(self) -> tuple[str, ...]:
        return ()

    @property
    def ours(self) -> tuple[str, ...]:
        return ()

    def read(self, *theirs: Tensor) -> tuple[Tensor, ...]:
        return ()

    def write(self, *ours: Tensor) -> tuple[Tensor, ...]:
        return ()


def read(rules: Sequence[Rule], tensors: Mapping[str, Tensor], model: Mapping[str, Tensor] | None = None) -> Tensors:
    """`tensors` of a published file under our names, float32.

    `model` is the state of the model they are for (its shapes are read, so it may lie on the meta device). Raises
    ValueError naming keys that are missing, extra, of another shape or no numbers, in the file's own names.
    """
    wanted = {name for rule in rules for name in rule.theirs}
    shapes = {} if model is None else _their_shapes(rules, model)
    problems = [("missing", name) for name in wanted if name not in tensors]
    problems += [("extra", name) for name in tensors if name not in wanted and not _ignored(rules, name)]
    problems += [
        (f"shape {tuple(tensors[name].shape)} instead of {shape}", name)
        for name, shape in shapes.items()
        if name in tensors and tuple(tensors[name].shape) != shape
    ]
    if problems:
        raise ValueError(_listed(problems))
    must_be_finite({name: tensors[name] for name in tensors if name in wanted})
    found: Tensors = {}
    for rule in rules:
        theirs = [_float32(tensors[name]) for name in rule.theirs]
        found |= zip(rule.ours, rule.read(*theirs), strict=True)
    return found


def write(rules: Sequence[Rule], tensors: Mapping[str, Tensor]) -> Tensors:
    """Our `tensors` under the published names. Raises ValueError naming ours that no rule takes, or that are not there,
    and those that the published layout has no place for.
    """
    wanted = {name for rule in rules for name in rule.ours}
    problems = [("missing", name) for name in wanted if name not in tensors]
    problems += [("extra", name) for name in tensors if name not in wanted]
    if problems:
        raise ValueError(_listed(problems))
    found: Tensors = {}
    for rule in rules:
        found |= zip(rule.theirs, rule.write(*(tensors[name] for name in rule.ours)), strict=True)
    return found


def _their_shapes(rules: Sequence[Rule], model: Mapping[str, Tensor]) -> dict[str, Shape]:
    meta = {name: torch.empty(value.shape, device="meta") for name, value in model.items()}
    return {name: tuple(value.shape) for name, value in write(rules, meta).items()}


def _float32(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def _lead(value: Tensor, axes: int) -> Tensor:
    return value.reshape((1,) * axes + tuple(value.shape))


def _must_be_zero(value: Tensor, name: str) -> None:
    if value.device.type != "meta" and bool(value.any()):
        raise ValueError(
            f"{name} is not zero, and the published layout has no place for it: it was trained on after loading. "
            "Write it with --to sightline, which keeps everything"
        )


def _ignored(rules: Iterable[Rule], name: str) -> bool:
    return any(isinstance(rule, Ignore) and fnmatchcase(name, rule.pattern) for rule in rules)


def _listed(problems: Iterable[tuple[str, str]]) -> str:
    """The first problems of each kind and how many more, the same one of several layers in one name:
    `layers.{2,3,4}.mlp.fc1.weight`."""
    groups: dict[tuple[str, str], list[str]] = {}
    for what, name in problems:
        number = re.search(r"(?<=\.)\d+(?=\.)", name)
        key = (what, name if number is None else f"{name[: number.start()]}#{name[number.end() :]}")
        groups.setdefault(key, []).append("" if number is None else number[0])
    by_kind: dict[str, list[str]] = {}
    kinds = list(dict.fromkeys(what for what, _ in groups))
    for (what, name), numbers in sorted(groups.items(), key=lambda group: (kinds.index(group[0][0]), group[0][1])):
        order = sorted(set(numbers), key=lambda n: int(n or 0))
        some = order if len(order) <= SHOWN else [*order[:2], "..", order[-1]]
        full = name.replace("#", some[0] if len(some) == 1 else "{" + ",".join(some) + "}", 1)
        by_kind.setdefault(what, []).append(full)
    kinds = list(by_kind)
    parts = [f"{what}: {some_of(names)}" for what, names in list(by_kind.items())[:SHOWN]]
    return "; ".join(parts) + (f"; and {len(kinds) - SHOWN} more kinds" if len(kinds) > SHOWN else "")
