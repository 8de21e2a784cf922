"""Webdataset tars on this machine, as one source with random access and so a true permutation."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sightline.data.sample import BadSample, Sample
from sightline.data.sources.keypoint import read_flip
from sightline.data.sources.shards.class_names import named
from sightline.data.sources.shards.members import beside, label_of, sample_of, tells_label
from sightline.data.sources.shards.pread import Reader
from sightline.data.sources.shards.tar_index import TarIndex, tar_index

BRACES = re.compile(r"\{([^{}]*)\}")
TOLD = 3
"""tars whose members not understood are told one by one"""
RANGE = re.compile(r"(\d+)\.\.(\d+)")


class Shards:
    """Records of tars, read where they lie by (shard, offset, length). Nothing is held but the index."""

    def __init__(self, paths: Sequence[Path], name: str = "") -> None:
        if not paths:
            raise ValueError(f"{name or 'no shards'}: no tar of that name")
        self.name = name or str(paths[0])
        # a key is unique in its shard; of several, the shard's name comes first
        prefix = _prefixes(paths)
        found, lost = _indices(paths)
        paths, indices = list(found), list(found.values())
        self.notes = (*lost.values(), *_notes(paths, indices))
        cut = [*lost, *(path for path, index in found.items() if index.note)]
        self.unread = tuple(map(os.path.abspath, cut))
        """archives that are cut or damaged: they may have held more than was found"""
        self._reader = Reader(tuple(index.path for index in indices))
        self._fields = [index.fields for index in indices]
        self._keys = [prefix[path] + key for path, index in found.items() for key in index.keys]
        counts = [len(index.keys) for index in indices]
        self._shard = np.repeat(np.arange(len(indices)), counts)
        firsts = np.concatenate([[0], np.cumsum(counts)])
        members = [index.record + first for index, first in zip(indices, firsts[:-1], strict=True)]
        self._start = np.searchsorted(np.concatenate(members), np.arange(firsts[-1] + 1))
        self._field, self._offset, self._length = (
            np.concatenate([getattr(index, column) for index in indices]) for column in ("field", "offset", "length")
        )
        classes, self._numbers = _classes(indices)
        self.classes = named(classes, paths[0].parent)
        self.keypoint_flip: tuple[int, ...] = ()
        """for each keypoint the one that it is in a mirror, as the first record says"""
        self.has = self._carries(indices)

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, index: int) -> Sample:
        shard = int(self._shard[index])
        members = {}
        for place in range(self._start[index], self._start[index + 1]):
            field = self._fields[shard][self._field[place]]
            try:
                members[field] = self._reader.read(shard, int(self._offset[place]), int(self._length[place]))
            except OSError as error:
                raise BadSample(f"{self._keys[index]}: {error}") from error
        return sample_of(self._keys[index], members, self.classes, self._numbers)

    def labels(self) -> list[int]:
        """The label of every record, read from its members of labels and json alone; -1 for none."""
        return [self._label(index) for index in range(len(self))]

    def location(self, index: int) -> tuple[Path, str]:
        """The file of a sample and the place in it, told without opening it."""
        return self._reader.paths[int(self._shard[index])], self._keys[index]

    def _label(self, index: int) -> int:
        shard = int(self._shard[index])
        places = range(self._start[index], self._start[index + 1])
        fields = {self._fields[shard][self._field[place]]: place for place in places}
        try:
            told = {
                field: self._reader.read(shard, int(self._offset[place]), int(self._length[place]))
                for field, place in fields.items()
                if tells_label(field)
            }
            return self._numbers.get(label_of(told)[0], -1)
        except (OSError, ValueError, RecursionError):
            return -1

    def _carries(self, indices: Sequence[TarIndex]) -> frozenset[str]:
        """What most records can be expected to have: the fields found, boxes and keypoints where the first has them."""
        fields = {field for index in indices for field in index.fields}
        has = {"image", "text"} | ({"label"} if self.classes else set())
        has |= beside(fields)
        try:
            first = self[0]
        except BadSample:
            return frozenset(has)
        has |= {name for name in ("boxes", "keypoints") if getattr(first, name) is not None}
        self.keypoint_flip = read_flip(first.extra.get("keypoint_flip"))
        return frozenset(has)


def expand(pattern: str) -> list[str]:
    """Every name of a pattern with braces: `{000..127}` counts with its leading zeros, `{a,b}` lists.

    >>> expand("x-{08..10}.tar")
    ['x-08.tar', 'x-09.tar', 'x-10.tar']
    """
    found = BRACES.search(pattern)
    if found is None:
        return [pattern]
    if counted := RANGE.fullmatch(found[1]):
        first, last = int(counted[1]), int(counted[2])
        if not first <= last < first + 10**6:
            raise ValueError(f"{pattern}: {found[0]} counts from {first} to {last}; expected at most a million upwards")
        words = [f"{number:0{len(counted[1])}d}" for number in range(first, last + 1)]
    else:
        words = found[1].split(",")
    head, tail = pattern[: found.start()], pattern[found.end() :]
    return [name for word in words for name in expand(head + word + tail)]


def _indices(paths: Sequence[Path]) -> tuple[dict[Path, TarIndex], dict[Path, str]]:
    """The index of each tar; where there are several, one of which nothing can be read costs no other one."""
    found: dict[Path, TarIndex] = {}
    lost: dict[Path, str] = {}
    for path in dict.fromkeys(paths):
        try:
            found[path] = tar_index(path)
        except ValueError as error:
            lost[path] = str(error)
    if not found:
        more = f" (and so are {len(lost) - 1:,} more)" if len(lost) > 1 else ""
        raise ValueError(f"{next(iter(lost.values()))}{more}")
    return found, lost


def _prefixes(paths: Sequence[Path]) -> dict[Path, str]:
    """What comes before the keys of a tar: nothing where it is alone, its name, or its place where names are equal."""
    if len({*paths}) == 1:
        return {paths[0]: ""}
    stems = {path: path.name[: path.name.lower().rindex(".t")] for path in paths}
    if len({*stems.values()}) < len(stems):
        common = Path(os.path.commonpath([os.path.abspath(path.parent) for path in paths]))
        stems = {
            p: (Path(os.path.abspath(p)).relative_to(common).parent / stem).as_posix() for p, stem in stems.items()
        }
    return {path: f"{stem}/" for path, stem in stems.items()}


def _notes(paths: Sequence[Path], indices: Sequence[TarIndex]) -> tuple[str, ...]:
    """What is cut, and what was passed over; of many tars alike the first few stand for all."""
    cut = [index.note for index in indices if index.note]
    passed = [f"{path}: {index.passed}" for path, index in zip(paths, indices, strict=True) if index.passed]
    more = [f"and {len(passed) - TOLD:,} more tars with members not understood"] if len(passed) > TOLD else []
    return (*cut, *passed[:TOLD], *more)


def _classes(indices: Sequence[TarIndex]) -> tuple[tuple[str, ...], dict[str, int]]:
    """Names of the classes, and the number of each label as written. Numbers stay what they are."""
    written = {label for index in indices for label in index.labels if label}
    names = {label: name for index in indices for label, name in index.names.items()}
    if not written:
        return (), {}
    if all(label.isdecimal() for label in written) and max(map(int, written)) < 10 * len(written) + 1000:
        top = max(map(int, written))
        plain = {int(label): names.get(label, "") for label in written}
        return tuple(plain.get(i) or str(i) for i in range(top + 1)), {label: int(label) for label in written}
    order = sorted(written)
    return tuple(names.get(label, label) for label in order), {label: number for number, label in enumerate(order)}
