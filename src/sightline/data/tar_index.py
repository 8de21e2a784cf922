"""Where every member of a tar lies, found by one pass and kept in the cache, so that a tar is read at random."""

import json
import tarfile
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from filelock import FileLock

from sightline.data.atomic import replacing
from sightline.data.cache import cached
from sightline.data.members import KNOWN, is_known, label_of, picture_field, split_name

VERSION = 2
BLOCK = 2**20


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


def tar_index(path: Path) -> TarIndex:
    """The index of a tar or .tar.gz, from the cache or made now. ValueError where nothing in it can be read."""
    plain, note = _unpacked(path) if path.name.endswith(("gz", ".GZ")) else (path, "")
    place = cached(plain, "index", f".{VERSION}.npz")
    found = _load(place, plain)
    if found is None:
        found = _scan(plain, path)
        _save(place, found)
    if note and not found.note:
        found = replace(found, note=note)
    if not found.keys:
        raise ValueError(f"{path} holds no pictures" + (f": {found.note}" if found.note else _expected()))
    return found


def _expected() -> str:
    return f"; expected records of members that share a name, with endings of {', '.join(sorted(KNOWN))}"


def _scan(plain: Path, path: Path) -> TarIndex:
    size = plain.stat().st_size
    records: dict[str, dict[str, tuple[int, int]]] = {}
    labels: dict[str, tuple[str, str]] = {}
    note, last = "", ""
    try:
        with tarfile.open(plain, "r:") as tar, open(plain, "rb") as data:
            end = 0
            for member in tar:
                # the list would come to hold every header of the tar
                tar.members = []  # pyright: ignore[reportAttributeAccessIssue]
                end = member.offset_data + (member.size + 511) // 512 * 512
                if not member.isreg():
                    continue
                key, field = split_name(member.name)
                last = key
                if member.offset_data + member.size > size:
                    note = f"{path}: cut at byte {size:,}, inside {member.name}"
                    break
                # macOS puts "._name" beside a file; a name of nothing but an ending has no key
                if not is_known(field) or not key.rpartition("/")[2]:
                    continue
                while field in records.get(key, {}):
                    key += "+"
                records.setdefault(key, {})[field] = (member.offset_data, member.size)
                if field in {"cls", "json"}:
                    data.seek(member.offset_data)
                    labels[key] = _label(labels.get(key, ("", "")), field, data.read(member.size))
            else:
                # tarfile ends in silence at a header it cannot read
                data.seek(end)
                rest = data.read(1024)
                if len(rest) < 1024 or rest.strip(b"\0"):
                    note = f"{path}: cut or damaged at byte {end:,} of {size:,}, no end mark"
    except (tarfile.TarError, OSError, EOFError) as error:
        note = f"{path}: cut or damaged ({error})"
    if note and last in records and not set(next(iter(records.values()))) <= set(records[last]):
        # the record at the cut lacks members that the first one has
        del records[last]
    if note:
        note += f"; the {len(records):,} records before it are used"
    records = {key: fields for key, fields in records.items() if picture_field(fields)}
    return _pack(plain, records, labels, note)


def _label(before: tuple[str, str], field: str, data: bytes) -> tuple[str, str]:
    try:
        number, named = label_of({field: data})
    except ValueError:
        # a broken json is told when the sample is read
        return before
    # `cls` is the class; a json beside it may only name it
    return (number if field == "cls" else before[0] or number, named or before[1])


def _pack(
    plain: Path, records: dict[str, dict[str, tuple[int, int]]], labels: dict[str, tuple[str, str]], note: str
) -> TarIndex:
    fields = tuple(sorted({field for members in records.values() for field in members}))
    table = [
        (number, fields.index(field), *place)
        for number, members in enumerate(records.values())
        for field, place in members.items()
    ]
    columns = np.array(table, np.int64).reshape(-1, 4).T
    said = [labels.get(key, ("", "")) for key in records]
    names = {number: named for number, named in said if number and named}
    numbers = tuple(number or named for number, named in said)
    return TarIndex(plain, tuple(records), fields, *columns, labels=numbers, names=names, note=note)


def _save(place: Path, index: TarIndex) -> None:
    words = json.dumps([index.keys, index.fields, index.labels, index.names, index.note])
    arrays = {name: getattr(index, name) for name in ("record", "field", "offset", "length")}
    with replacing(place) as [temporary], open(temporary, "wb") as file:
        np.savez_compressed(file, words=np.frombuffer(words.encode(), np.uint8), **arrays)


def _load(place: Path, plain: Path) -> TarIndex | None:
    """None where there is no index, or one that cannot be read: it is made again."""
    try:
        with open(place, "rb") as file, np.load(file, allow_pickle=False) as kept:
            keys, fields, labels, names, note = json.loads(kept["words"].tobytes())
            columns = [kept[name] for name in ("record", "field", "offset", "length")]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    return TarIndex(plain, tuple(keys), tuple(fields), *columns, labels=tuple(labels), names=names, note=note)


def _unpacked(path: Path) -> tuple[Path, str]:
    """A .tar.gz as a plain tar in the cache, unpacked once, and what was wrong with it."""
    target = cached(path, "tar", ".tar")
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        trouble = target.with_suffix(".note")
        if not target.exists():
            with replacing(target) as [temporary]:
                note = _gunzip(path, temporary)
            if note:
                trouble.write_text(note, encoding="utf-8")
        return target, trouble.read_text(encoding="utf-8") if trouble.exists() else ""


def _gunzip(path: Path, target: Path) -> str:
    """Write what can be unpacked of a gzip file of one or more parts; "" or where it is cut."""
    unpack = zlib.decompressobj(wbits=31)
    with open(path, "rb") as packed, open(target, "wb") as plain:
        while chunk := packed.read(BLOCK):
            try:
                while chunk:
                    plain.write(unpack.decompress(chunk))
                    chunk = unpack.unused_data
                    if unpack.eof:
                        if not chunk.strip(b"\0"):
                            break
                        unpack = zlib.decompressobj(wbits=31)
            except zlib.error as error:
                if plain.tell() == 0:
                    raise ValueError(f"{path} is no gzip file: {error}") from error
                return f"{path}: damaged near byte {packed.tell():,} ({error})"
        plain.write(unpack.flush())
    return "" if unpack.eof else f"{path}: cut at byte {path.stat().st_size:,}"
