"""Hits that are nearly one picture stand behind the best of them, each with the reason.

From the first hit on, each joins the first one kept that it equals or looks like, else it is kept itself: hits are
compared with those kept alone, so that no chain of likenesses joins what is not alike.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sightline.search.look.measure import LENGTH
from sightline.search.rank.matrix import Vectors
from sightline.search.rank.there import FROM
from sightline.search.read import TOGETHER, Folded, Hit

ALIKE = 0.97  # ours
"""cosine from which on two pictures look the same, where nothing else is said (benchmarks/search/folded.py)"""
LEVELS = 10  # ours
"""of 255 by which their mean colours (`look/measure.py`) differ at most, else"""
AT_MOST = 4096
"""hits among which those to fold are looked for"""


def folded(connection: sqlite3.Connection, hits: Sequence[Hit], vectors: Vectors, alike: float = ALIKE) -> list[Hit]:
    """The hits that stand before others, in their order, each with those behind it.

    A hit stands behind the first one kept whose bytes or small pixels are the same, else behind the first whose cosine
    to it is at least `alike` or whose mean colours are nearly its own.
    """
    if not hits:
        return []
    ids = np.array([hit.id for hit in hits], np.int64)
    marks = _marks(connection, ids.tolist())
    looks = np.stack([np.frombuffer(mark.look or NOTHING, np.uint8) for mark in marks]).astype(np.int16)
    known = np.array([mark.look is not None for mark in marks])
    rows = vectors.rows(ids)
    matrix = np.asarray(vectors.matrix[rows], np.float32) if len(rows) == len(ids) else np.zeros((len(ids), 0))
    heads: list[int] = []
    behind: dict[int, list[Folded]] = {}
    first: dict[str, int] = {}
    """the place of the head with such bytes or pixels"""
    for at, (hit, mark) in enumerate(zip(hits, marks, strict=True)):
        head, why = first.get(mark.whole), "bytes"
        if head is None and mark.pixels is not None:
            head, why = first.get(mark.pixels), "pixels"
        if head is None and heads:
            near = known[heads] & known[at] & (np.abs(looks[heads] - looks[at]).max(1) <= LEVELS)
            if matrix.shape[1]:
                near |= np.round(matrix[heads] @ matrix[at], 6) >= alike
            head, why = heads[int(near.argmax())] if near.any() else None, "look"
        if head is None:
            heads.append(at)
            behind[at] = []
            first[mark.whole] = first[mark.pixels or mark.whole] = at
        else:
            behind[head].append(Folded(hit.id, hit.key, hit.path, hit.name, why))
    return [replace(hits[at], rank=place, folded=tuple(behind[at])) for place, at in enumerate(heads, start=1)]


class _Mark(NamedTuple):
    """What tells whether two pictures are the same; None where it was not measured."""

    whole: str
    pixels: str | None
    look: bytes | None


NOTHING = bytes(LENGTH)


def _marks(connection: sqlite3.Connection, ids: Sequence[int]) -> list[_Mark]:
    found: dict[int, _Mark] = {}
    for start in range(0, len(ids), TOGETHER):
        some = ids[start : start + TOGETHER]
        find = f"""SELECT id, hash, pixels || ' ' || coalesce(width, '') || ' ' || coalesce(height, ''), alike {FROM}
                   WHERE id IN ({", ".join("?" * len(some))})"""
        found.update((id, _Mark(*rest)) for id, *rest in connection.execute(find, some))
    return [found[id] for id in ids]
