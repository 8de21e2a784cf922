"""One pass over the headers of a tar: its records, the members that nobody reads, and where it is cut."""

import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sightline.data.decode.foreign import kind_of
from sightline.data.regular import read_regular
from sightline.data.sources.endings import FOREIGN, HEAD, ending_of, format_of, missing_plugin_format, plugin_advice
from sightline.data.sources.passed import counted
from sightline.data.sources.shards.members import is_known, lookalikes, picture_field, split_name
from sightline.data.sources.walk import is_system
from sightline.data.storable import escaped

RECORDS = (10_240, *(2**power for power in range(12, 21)))
"""tar pads its end to a multiple of one of these; zeros beyond that are no padding"""
ENDED = frozenset({"JPEG", "PNG", "WebP", "GIF", "SVG"})
"""formats whose files never end in zeros"""
MOST = 6
"""endings named in a note"""
Place = tuple[int, int]
"""offset and length"""


@dataclass
class Scan:
    """Records as key -> field -> place, and all that did not become one."""

    records: dict[str, dict[str, Place]] = field(default_factory=dict)
    note: str = ""
    """where the tar is cut or damaged"""
    passed: Counter[str] = field(default_factory=Counter)
    """ending -> members that were not read"""
    examples: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    """pictures that cannot be read here -> their format"""
    hollow: bool = False
    """whether the last member is hollow"""
    wordless: list[str] = field(default_factory=list)
    """records that have words and no picture"""

    def leave(self, ending: str, name: str) -> None:
        """Count a member that is not read."""
        self.passed[ending] += 1
        self.examples.setdefault(ending, name)

    def summary(self) -> str:
        """What was not read, in words; "" for nothing."""
        parts = [
            f"{count:,} {escaped(ending) or 'without an ending'} ({escaped(self.examples[ending])})"
            for ending, count in self.passed.most_common(MOST)
        ]
        if len(self.passed) > MOST:
            parts.append(f"and {len(self.passed) - MOST} more endings")
        said = [f"{counted(self.passed.total(), 'member')} not understood: {', '.join(parts)}"] if parts else []
        if self.wordless:
            said.append(f"{counted(len(self.wordless), 'record')} without a picture ({escaped(self.wordless[0])})")
        for kind in sorted({*self.foreign.values()}):
            some = [name for name, what in self.foreign.items() if what == kind]
            said.append(f"{counted(len(some), f'{kind} picture')} not read ({escaped(some[0])}). {plugin_advice(kind)}")
        return "; ".join(said)


def scan(plain: Path, path: Path) -> Scan:
    """What a look at every member of `plain` finds, which is called `path`.

    Nothing is raised: what is damaged is noted.
    """
    found = Scan()
    last = ""
    try:
        with open(plain, "rb") as data:
            size = plain.stat().st_size
            for member in _members(data, found, path, size):
                # a member's name ends at its last known ending, so a record's name may have dots of its own
                key, name = split_name(member.name)
                if member.islnk():
                    place = _linked(found, member)
                elif member.isreg() and not member.sparse:
                    place = (member.offset_data, member.size)
                elif member.isdir():
                    continue
                elif member.sparse:
                    found.leave("with holes; pack them without --sparse", member.name)
                    continue
                else:
                    found.leave("that are links or devices", member.name)
                    continue
                last = key
                if place is None or place[0] + place[1] > size:
                    found.note = found.note or f"{path}: cut at byte {size:,}, inside {escaped(member.name)}"
                    break
                if any(map(is_system, member.name.removeprefix("./").split("/"))):
                    found.leave("of the system", member.name)
                elif not is_known(name):
                    found.leave(ending_of(member.name), member.name)
                elif ending_of(member.name) in FOREIGN and (kind := missing_plugin_format(_head(data, place))):
                    found.foreign[member.name] = kind
                else:
                    while name in found.records.get(key, {}):
                        key += "+"
                    found.records.setdefault(key, {})[name] = place
    except (tarfile.TarError, OSError, EOFError, ValueError, OverflowError) as error:
        kind = "" if found.records else _kind(plain)
        found.note = f"{path}: no tar, but {kind}" if kind else f"{path}: cut or damaged ({error})"
    records = found.records
    if found.note and last in records and (found.hollow or not {*next(iter(records.values()))} <= {*records[last]}):
        # the record at the cut lacks members that the first one has, or the whole of its last one
        del records[last]
    _settle(found)
    if found.note and (records or "no tar" not in found.note):
        found.note += f"; the {len(records):,} records before it are used"
    return found


def _members(data: BinaryIO, found: Scan, path: Path, size: int) -> Iterator[tarfile.TarInfo]:
    """The members of a tar, and of those that were joined to its end; at the end `found.note` says if it is whole."""
    start = 0
    last: Place | None = None
    while True:
        data.seek(start)
        try:
            tar = tarfile.open(fileobj=data, mode="r:")
        except tarfile.ReadError:
            if not start:
                raise
            found.note = f"{path}: damaged at byte {start:,}, what follows its end mark is no tar"
            return
        with tar:
            for member in tar:
                # the list would come to hold every header of the tar
                tar.members = []  # pyright: ignore[reportAttributeAccessIssue]
                last = (member.offset_data, member.size) if member.isreg() and not member.sparse else last
                yield member
            end = tar.offset
        # tarfile ends in silence at a header it cannot read
        data.seek(end)
        rest = data.read(1024)
        if len(rest) < 1024 or rest.strip(b"\0"):
            found.note = f"{path}: cut or damaged at byte {end:,} of {size:,}, no end mark"
            return
        if following := _something(data, end + 1024):
            start = following
            continue
        hollow = last is not None and _hollow(data, last)
        if hollow or not any(size == -(-(end + 1024) // record) * record for record in (*RECORDS, 512)):
            found.note = f"{path}: cut at about byte {end:,} of {size:,}, nothing but zeros from there on"
            found.hollow = hollow
        return


def _something(data: BinaryIO, start: int) -> int:
    """The first block from `start` on that holds anything, 0 for none."""
    data.seek(start)
    while block := data.read(2**20):
        if text := block.lstrip(b"\0"):
            return (start + len(block) - len(text)) // 512 * 512
        start += len(block)
    return 0


def _hollow(data: BinaryIO, place: Place) -> bool:
    """Whether a member that never ends so ends in zeros: its disk space was taken, and what it holds never came."""
    offset, length = place
    data.seek(offset)
    head = data.read(HEAD)
    data.seek(offset + max(length - 32, 0))
    return length >= 32 and not data.read(32).strip(b"\0") and (not head.strip(b"\0") or format_of(head) in ENDED)


def _head(data: BinaryIO, place: Place) -> bytes:
    data.seek(place[0])
    return data.read(min(HEAD, place[1]))


def _kind(plain: Path) -> str:
    """What is called a tar and is none; "" where that cannot be told."""
    try:
        return kind_of(read_regular(plain, HEAD)) or ""
    except OSError:
        return ""


def _linked(found: Scan, member: tarfile.TarInfo) -> Place | None:
    """Where the earlier member lies that a hard link stands for; it has no data of its own."""
    key, name = split_name(member.linkname)
    return found.records.get(key, {}).get(name, (member.offset_data, 0))


def _settle(found: Scan) -> None:
    records = found.records
    for key, parent in lookalikes(records).items():
        for name in records.pop(key):
            found.leave(f"{key[len(parent) :]}.{name}", f"{key}.{name}")
    found.wordless += [key for key, fields in records.items() if not picture_field(fields)]
