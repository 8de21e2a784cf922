"""What may be removed from an index, and what stays though it was not seen: what cannot be read is not deleted.

A picture is gone where its absence was seen: the folder that held it was listed, other pictures still lie there, and it
does not. It stays where a run could not look (a folder without permission, a dead network disk, a cut archive, a sample
that its source could not hand out), and where nothing is left in a folder that is still there: an unmounted disk leaves
just that. What stays is told with the way to let go of it.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sightline.search.row import Row

ABSENT = (FileNotFoundError, NotADirectoryError)
"""what looking for a file says where it is known not to be there; any other error says nothing of the file"""


@dataclass(frozen=True, slots=True)
class Kept:
    """Pictures that were not seen and keep their rows: how many, below which folder or archive, and why."""

    place: str
    count: int
    why: str


@dataclass
class Walk:
    """What a run met on its way through its sources."""

    seen: set[str] = field(default_factory=set)
    """places of pictures that were there, good or bad"""
    bad: set[str] = field(default_factory=set)
    """places, or names of samples, that could not be read"""
    empty: set[str] = field(default_factory=set)
    """sources that held nothing"""
    blind: set[str] = field(default_factory=set)
    """sources that could not say what some of their samples are"""
    unread: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """by source: folders and archives below which things may lie that were not seen"""


@dataclass
class Unseen:
    """The rows that a run did not see."""

    gone: list[Row]
    hollow: list[Row]
    """those whose folder is there and holds no picture any more"""
    kept: list[Kept]
    """`hollow` ones included"""


def split_unseen(rows: Iterable[Row], walk: Walk, new: Counter[str]) -> Unseen:
    """Which of the `rows` that were not seen are gone, and which stay and why.

    `new` are hashes with the number of places that came with this run.
    """
    held = _holding(walk)
    gone, hollow = [], []
    why: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        if row.place in walk.seen or row.place in walk.bad:
            continue
        if reason := _unseen(row, walk):
            why[reason] += 1
        elif row.path is not None and not may_exist(row.path) and (reason := _hollow(row.path, held)):
            hollow.append((row, reason))
        else:
            gone.append(row)
    # a picture of an empty folder that came up elsewhere was moved
    left = new - Counter(row.hash for row in gone)
    stay: list[Row] = []
    for row, reason in hollow:
        if left[row.hash] > 0:
            left[row.hash] -= 1
            gone.append(row)
        else:
            stay.append(row)
            why[reason] += 1
    return Unseen(gone, stay, [Kept(place, count, said) for (place, said), count in sorted(why.items())])


def vanished(source: str, walk: Walk, paths: Iterable[str]) -> str | None:
    """The folder of all pictures of a source, or an archive, that is not there any more; None where all is well.

    `paths` are those of its pictures that were read before.
    """
    if not walk.bad:
        return None
    from sightline.data.sources.source import parse  # 20 ms, which a search need not pay

    lost = [name for name in walk.bad if os.path.isabs(name) and not may_exist(name)]
    roots: list[str] = []
    with suppress(ValueError):  # a name that is no SRC
        roots.append(parse(source)[0].name)
    with suppress(ValueError):  # nothing known of, or two drives of Windows
        roots.append(os.path.commonpath([os.path.dirname(path) for path in [*paths, *lost]]))
    return next((root for root in roots if os.path.isabs(root) and not may_exist(root)), None)


def may_exist(path: str) -> bool:
    """False only where a file or folder is known not to be there: not where nobody may look."""
    try:
        os.stat(path)
    except ABSENT:
        return False
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return True
    return True


def below(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies in it; by name, a file need not be there."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _unseen(row: Row, walk: Walk) -> tuple[str, str] | None:
    """(folder or archive, why) of a picture that may be there though it was not seen."""
    unread = walk.unread.get(row.source, ())
    if row.path is None:
        if unread:
            return ", ".join(unread[:3]), "it could not be read whole"
        return (row.source, "some of its samples could not be read") if row.source in walk.blind else None
    if found := next((prefix for prefix in unread if below(row.path, prefix)), None):
        return found, "it could not be read"
    try:
        os.stat(row.path)
    except ABSENT:
        return None
    except OSError as error:
        return os.path.dirname(row.path), f"it could not be read ({error.strerror or error})"
    return (row.source, "some of its samples could not be read") if row.source in walk.blind else None


def _holding(walk: Walk) -> set[str]:
    """Every folder with a picture somewhere in it, good or bad."""
    held: set[str] = set()
    for place in (*walk.seen, *walk.bad):
        folder = os.path.dirname(place)
        while os.path.isabs(place) and folder not in held:
            held.add(folder)
            folder = os.path.dirname(folder)
    return held


def _hollow(path: str, held: set[str]) -> tuple[str, str] | None:
    """(folder, why) of a lost file: the nearest that is there, if no picture is left in it, or a link into nothing."""
    for place in (path, *map(str, Path(path).parents)):
        if place in held:
            return None
        if os.path.isdir(place):
            return place, "it is there and holds no pictures now, as where a disk is not mounted"
        if os.path.islink(place):
            return place, "it is a link to what is not there now, as where a disk is not mounted"
    return None
