"""Where every member of a tar lies, found by one pass and kept in the cache, so that a tar is read at random."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.cache import cache_path
from sightline.data.kept import keep_arrays, kept_arrays
from sightline.data.regular import read_regular
from sightline.data.sources.shards.gunzip import unpacked
from sightline.data.sources.shards.members import FIRST, label_of, picture_field
from sightline.data.sources.shards.tar_scan import Scan, scan

VERSION = 3
COLUMNS = ("record", "field", "offset", "length")


@dataclass(frozen=True)
class TarIndex:
    """Records of one tar. Member `m` is field `fields[field[m]]` of record `record[m]`, at `offset[m]`."""

    path: Path
    """the plain tar: for a .gz, its copy in the cache"""
    keys: tuple[str, ...]
    fields: tuple[str, ...]
    record: np.ndarray
    """(members,) int64, ascending"""
    field: np.ndarray
    offset: np.ndarray
    length: np.ndarray
    labels: tuple[str, ...]
    """one per record, as written; "" for none"""
    names: dict[str, str]
    """label as written -> name of the class, where a record says it"""
    note: str
    """what is wrong with the tar; "" if it is whole"""
    passed: str = ""
    """the members that were not read, by ending; "" for none"""


def tar_index(path: Path) -> TarIndex:
    """The index of a tar or .tar.gz, from the cache or made now. ValueError where nothing in it can be read."""
    plain, note = unpacked(path) if _is_packed(path) else (path, "")
    place = cache_path(plain, "index", f".{VERSION}.npz")
    found = _load(place, plain)
    if found is None:
        found = _pack(plain, scan(plain, path))
        _save(place, found)
    if note:
        found = replace(found, note=found.note or note)
    if not found.keys:
        raise ValueError(f"{path} holds no pictures" + (f": {found.note}" if found.note else _expected(found)))
    return found


def _is_packed(path: Path) -> bool:
    """By content; a file that is named so and is neither is told as what its name says."""
    head = read_regular(path, 512)
    return head[:2] == b"\x1f\x8b" or (path.name.lower().endswith("gz") and head[257:262] != b"ustar")


def _expected(found: TarIndex) -> str:
    passed = f" (it holds {found.passed})" if found.passed else ""
    return (
        f"{passed}; expected records of members that share a name: a picture ({', '.join(FIRST)}, ...), its txt or json"
    )


def _pack(plain: Path, found: Scan) -> TarIndex:
    records = {key: fields for key, fields in found.records.items() if picture_field(fields)}
    fields = tuple(sorted({field for members in records.values() for field in members}))
    table = [
        (number, fields.index(field), *place)
        for number, members in enumerate(records.values())
        for field, place in members.items()
    ]
    columns = np.array(table, np.int64).reshape(-1, 4).T
    said = _labels(plain, records)
    names = {number: named for number, named in said if number and named}
    numbers = tuple(number or named for number, named in said)
    return TarIndex(
        plain, tuple(records), fields, *columns, labels=numbers, names=names, note=found.note, passed=found.summary()
    )


def _labels(plain: Path, records: dict[str, dict[str, tuple[int, int]]]) -> list[tuple[str, str]]:
    """(label, name of its class) of each record, "" for none."""
    said: list[tuple[str, str]] = []
    with open(plain, "rb") as data:
        for fields in records.values():
            members: dict[str, bytes] = {}
            for field, (offset, length) in fields.items():
                if field.endswith(("cls", "json")) or field in {"label.txt", "class.txt"}:
                    data.seek(offset)
                    members[field] = data.read(length)
            try:
                said.append(label_of(members) if members else ("", ""))
            except (ValueError, RecursionError):
                # a broken json is told when the sample is read; what `cls` says stands
                plainly = {field: text for field, text in members.items() if not field.endswith("json")}
                said.append(_plain_label(plainly))
    return said


def _plain_label(members: dict[str, bytes]) -> tuple[str, str]:
    try:
        return label_of(members)
    except ValueError:
        return "", ""


def _save(place: Path, index: TarIndex) -> None:
    words = [index.keys, index.fields, index.labels, index.names, index.note, index.passed]
    keep_arrays(place, words, **{name: getattr(index, name) for name in COLUMNS})


def _load(place: Path, plain: Path) -> TarIndex | None:
    """None where there is no index, or one that cannot be read: it is made again."""

    def made(words: Any, arrays: Mapping[str, np.ndarray]) -> TarIndex:
        keys, fields, labels, names, note, passed = words
        columns = [arrays[name] for name in COLUMNS]
        return TarIndex(
            plain, tuple(keys), tuple(fields), *columns, labels=tuple(labels), names=names, note=note, passed=passed
        )

    return kept_arrays(place, made)
