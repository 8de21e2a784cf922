"""What a folder was not read for, in words: by ending, with an example, and with what can be done about it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from sightline.data.decode.foreign import PLUGINS
from sightline.data.regular import read_regular
from sightline.data.sources import endings
from sightline.data.sources.endings import FOREIGN, HEAD, TABLES, ending_of, format_of, plugin_advice
from sightline.data.sources.walk import Found
from sightline.data.storable import escaped

ENDINGS = 6
"""named in a note; the others are added up"""
TRIED = 4
"""files of an unknown ending that are looked into"""
TRIED_ENDINGS = 64


def by_ending(files: Iterable[str]) -> str:
    """Counts by ending, the most first, each with an example.

    >>> by_ending(["notes.pdf", "b.PDF", "x/README"])
    '2 .pdf (notes.pdf), 1 without an ending (x/README)'
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for file in files:
        groups[ending_of(file)].append(file)
    most = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    told = [f"{len(some):,} {escaped(e) or 'without an ending'} ({escaped(some[0])})" for e, some in most[:ENDINGS]]
    if rest := most[ENDINGS:]:
        told.append(f"{sum(len(some) for _, some in rest):,} of {len(rest)} other endings ({escaped(rest[0][1][0])})")
    return ", ".join(told)


def counted(count: int, name: str) -> str:
    """
    >>> counted(1, "file"), counted(2000, "file")
    ('1 file', '2,000 files')
    """
    return f"{count:,} {name}{'s' if count != 1 else ''}"


def notes_of(
    root: Path, found: Found, foreign: dict[str, str], passed: Sequence[str], pictures: dict[str, str]
) -> tuple[str, ...]:
    """A sentence for each kind of thing that was not read; `pictures` are files of other endings that are some."""
    notes: list[str] = []
    if found.unread:
        where, why = next(iter(found.unread.items()))
        notes.append(f"{counted(len(found.unread), 'subfolder')} could not be read: {_some(found.unread)} ({why})")
    if found.out:
        link, end = found.out[0]
        notes.append(
            f"{counted(len(found.out), 'link')} out of the folder {_was(found.out)} not followed, such as "
            f"{escaped(link)} -> {escaped(end)}; to follow: '{root}?links=follow'"
        )
    if found.dead:
        notes.append(f"{counted(len(found.dead), 'link')} leading nowhere: {_some(found.dead)}")
    if found.repeated:
        notes.append(
            f"{counted(len(found.repeated), 'link')} to a folder that was read already: {_some(found.repeated)}"
        )
    if found.odd:
        what = "is a pipe, socket or device" if len(found.odd) == 1 else "are pipes, sockets or devices"
        notes.append(f"{len(found.odd):,} {what} and {_was(found.odd)} passed over: {_some(found.odd)}")
    if found.system:
        names = ", ".join(f"{count:,} {escaped(name)}" for name, count in found.system.most_common(ENDINGS))
        more = ", ..." if len(found.system) > ENDINGS else ""
        notes.append(f"left out as hidden, thumbnails or bins: {names}{more}")
    for pattern, files in found.excluded.items():
        what = f"left out {len(files):,}, such as {escaped(files[0])}" if files else "fits nothing here"
        notes.append(f"exclude={pattern} {what}")
    for kind in PLUGINS:
        if some := [file for file, what in foreign.items() if what == kind]:
            told = f"{counted(len(some), f'{kind} picture')} {_was(some)} passed over, such as {escaped(some[0])}"
            notes.append(f"{told}. {plugin_advice(kind)}")
    if passed:
        notes.append(f"{counted(len(passed), 'file')} {_was(passed)} passed over as no pictures: {by_ending(passed)}")
    if pictures:
        told = ", ".join(f"{escaped(file)} is a {kind}" for file, kind in list(pictures.items())[:ENDINGS])
        notes.append(f"among them are pictures under another ending: {told}; rename them to have them read")
    if tables := [file for file in passed if ending_of(file) in TABLES]:
        notes.append(f"{escaped(tables[0])} is a table; to read pictures and words by it, name it: {root / tables[0]}")
    return tuple(notes)


def sniffed(root: Path, passed: Iterable[str]) -> dict[str, str]:
    """Files that hold a picture whatever they are called, among the first few of each ending -> its format."""
    tried: dict[str, int] = defaultdict(int)
    found: dict[str, str] = {}
    for file in passed:
        ending = ending_of(file)
        if tried[ending] >= TRIED or len(tried) > TRIED_ENDINGS:
            continue
        tried[ending] += 1
        kind = format_of(_head(root / file))
        if kind and kind not in PLUGINS:
            found[file] = kind
    return found


def foreign_among(root: Path, files: Iterable[str]) -> dict[str, str]:
    """Pictures that hold what their ending says, in a format that cannot be read here -> the format."""
    kinds = {file: endings.missing_plugin_format(_head(root / file)) for file in files if ending_of(file) in FOREIGN}
    return {file: kind for file, kind in kinds.items() if kind}


def _head(path: Path) -> bytes:
    try:
        return read_regular(path, HEAD)
    except (OSError, ValueError):
        return b""


def _was(things: Sequence[object] | set[str]) -> str:
    return "was" if len(things) == 1 else "were"


def _some(names: Iterable[str], most: int = 3) -> str:
    names = list(map(escaped, names))
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
