"""What a library holds more than once: files of the same bytes, pictures of the same pixels, and what only looks alike.

Bytes are the same where their fingerprints are. Pixels are compared among what looks alike: equal thumbnails and sizes,
and, of a picture that its thumbnail does not hold without loss and whose file can be read, the decoded pixels
themselves. What looks alike are pictures of other pixels whose vectors are near (groups.py), each to the first of its
group.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sightline.data.decode.picture import picture as decoded
from sightline.data.sample import BadSample
from sightline.search.alike.groups import LOOK, leaders
from sightline.search.fill.picture import THUMB
from sightline.search.index import Index
from sightline.search.look.store import lossless
from sightline.search.read import TOGETHER

Kind = Literal["bytes", "pixels", "look"]


@dataclass(frozen=True, slots=True)
class Copy:
    """A picture of a group."""

    id: int
    name: str
    path: str | None
    key: str
    width: int | None
    height: int | None
    bytes: int | None
    """size of its file"""
    cosine: float
    """to the first of its group; 1 of the same bytes"""


@dataclass(frozen=True, slots=True)
class Group:
    """Two or more pictures: of the same `bytes`, of the same `pixels`, or that `look` alike."""

    kind: Kind
    pictures: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Of a whole library; groups in the order of indexing of their first pictures."""

    same: tuple[Group, ...]
    """true duplicates: kinds bytes and pixels"""
    alike: tuple[Group, ...]
    """of each of their true duplicates only the first"""
    look: float | None
    """the least cosine; None of an index of names alone, which has no look"""
    spare: int
    """bytes of all true duplicates but the first of each group"""


def duplicates(index: Index, look: float = LOOK, progress: Callable[[float], None] = lambda share: None) -> Duplicates:
    """All groups of the library. ValueError for a threshold that is none.

    100,000 vectors of 256 numbers take about 10 s of one core. Searches go on meanwhile.
    """
    if not 0.5 <= look <= 1:
        raise ValueError(f"pictures look alike from a cosine between 0.5 and 1 on; got {look:g}")
    vectors = index.whole()
    with index.rows() as connection:
        by_hash = _by_hash(connection)
    seen = bool(vectors.stamp.dim)
    matrix, hashes, known = np.zeros((0, 0), np.float32), [], {}
    if seen:
        place = {int(id): row for row, id in enumerate(vectors.ids)}
        hashes = [one for one, copies in by_hash.items() if copies[0].id in place]
        matrix = np.ascontiguousarray(vectors.matrix[[place[by_hash[one][0].id] for one in hashes]])
        known = _members(leaders(matrix, look, progress))
    same_pixels = _same_pixels(index, [[hashes[at] for at in some] for some in known.values()], by_hash)
    first = {other: group[0] for group in same_pixels for other in group[1:]}
    same = [_same("pixels", [copy for one in group for copy in by_hash[one]]) for group in same_pixels]
    taken = {one for group in same_pixels for one in group}
    same += [_same("bytes", copies) for one, copies in by_hash.items() if len(copies) > 1 and one not in taken]
    alike = []
    for leader, some in known.items():
        kept = [at for at in some if hashes[at] not in first]
        if len(kept) > 1:
            cosines = matrix[kept] @ matrix[leader]
            copies = [_at(by_hash[hashes[at]][0], float(c)) for at, c in zip(kept, cosines, strict=True)]
            alike.append(Group("look", tuple(copies)))
    order = lambda group: group.pictures[0].id  # noqa: E731
    spare = sum(copy.bytes or 0 for group in same for copy in group.pictures[1:])
    return Duplicates(tuple(sorted(same, key=order)), tuple(sorted(alike, key=order)), look if seen else None, spare)


def _members(lead: np.ndarray) -> dict[int, list[int]]:
    """The rows of each leader that has others, in order."""
    found: dict[int, list[int]] = {}
    for row, leader in enumerate(lead.tolist()):
        found.setdefault(leader, []).append(row)
    return {leader: rows for leader, rows in found.items() if len(rows) > 1}


def _same(kind: Kind, copies: Sequence[Copy]) -> Group:
    return Group(kind, tuple(_at(copy, 1.0) for copy in sorted(copies, key=lambda copy: copy.id)))


def _at(copy: Copy, cosine: float) -> Copy:
    return replace(copy, cosine=round(min(1.0, cosine), 6))


def _by_hash(connection: sqlite3.Connection) -> dict[str, list[Copy]]:
    """All pictures that can be used, by their bytes, in the order of indexing."""
    find = """SELECT hash, id, name, path, key, width, height, size FROM picture JOIN content USING (hash)
              WHERE bad IS NULL ORDER BY id"""
    found: dict[str, list[Copy]] = {}
    for hash_, *row in connection.execute(find):
        found.setdefault(hash_, []).append(Copy(*row, cosine=1.0))
    return found


def _same_pixels(index: Index, groups: Sequence[Sequence[str]], by_hash: dict[str, list[Copy]]) -> list[list[str]]:
    """Of groups of bytes that look alike, those that are of the same pixels; each in the order it came."""
    thumbs = _thumbs(index, [one for group in groups for one in group])
    found = []
    for group in groups:
        classes: dict[tuple, list[str]] = {}
        for one in group:
            copy = by_hash[one][0]
            classes.setdefault((copy.width, copy.height, *thumbs.get(one, (one, True))), []).append(one)
        for (width, height, _, exact), some in classes.items():
            whole = exact and max(width or 0, height or 0) <= THUMB  # drawings are compared as they are drawn
            found += [same for same in ([some] if whole else _exactly(index, some, by_hash)) if len(same) > 1]
    return found


def _thumbs(index: Index, hashes: Iterable[str]) -> dict[str, tuple[bytes, bool]]:
    """The fingerprint of each thumbnail, and whether nothing was lost by its format."""
    wanted, found = list(hashes), {}
    for first in range(0, len(wanted), TOGETHER):
        some = wanted[first : first + TOGETHER]
        find = f"SELECT hash, thumb FROM content WHERE hash IN ({', '.join('?' * len(some))}) AND thumb IS NOT NULL"
        with index.rows() as connection:
            found |= {
                hash_: (hashlib.blake2b(thumb, digest_size=16).digest(), lossless(thumb))
                for hash_, thumb in connection.execute(find, some)
            }
    return found


def _exactly(index: Index, some: list[str], by_hash: dict[str, list[Copy]]) -> list[list[str]]:
    """Bytes with equal thumbnails, by their decoded pixels."""
    if len(some) == 1:
        return [some]
    classes: dict[bytes | None, list[str]] = {}
    for one in some:
        classes.setdefault(_pixels(index, by_hash[one][0].id), []).append(one)
    # what cannot be read now is told from nothing: its thumbnail is all that is known
    unread = classes.pop(None, [])
    if not classes:
        return [unread]
    return [*classes.values(), *([one] for one in unread)]


def _pixels(index: Index, id: int) -> bytes | None:
    try:
        pixels = np.asarray(decoded(index.original(id)[0]))
    except (ValueError, OSError, BadSample):
        return None
    return hashlib.blake2b(repr(pixels.shape).encode() + pixels.tobytes(), digest_size=16).digest()
