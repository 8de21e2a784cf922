"""Approximate search for large libraries: an HNSW graph (Malkov, Yashunin 2018) by usearch in a file beside the index.

Exact search is one numpy product. Measured on two cores, float32, 256 wide, one query (ms):

pictures   numpy product and top 50   usearch exact   usearch graph, 1,000 candidates
1,500      0.05                       0.2
20,000     0.8                        2
100,000    6                          13              2.5

Both exact searches find the same (tests/search/rank/test_near.py) and numpy's is faster at every size, bound by memory:
so exact search is numpy's. `import usearch` costs 50 to 80 ms, which only libraries from `APPROXIMATE_FROM` on pay. The
graph's candidates are scored again exactly; building it took 53 s for the 100,000, with recall@10 of 1.00 (2,000
clusters). `DB-near` holds the graph, then what it was made of: a stale, cut or foreign one is not used, and search is
exact until the next indexing. Indexing adds and removes only what changed.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.atomic import atomic_write
from sightline.search.rank.fuse import DEPTH
from sightline.search.rank.matrix import MANY, Vectors
from sightline.search.rank.stamped import Stamp

APPROXIMATE_FROM = MANY
"""pictures; below it an exact product takes under 15 ms at 256 wide and 45 ms at 768"""
MAGIC = b"SGLNNEAR"
TAIL = 16
"""bytes at the end: the length of the JSON before them, and MAGIC"""
BATCH = 4096
"""vectors added between two reports of progress"""
QUERIES = 100
"""vectors of either kind by which recall@10 is measured"""
WORN = 0.5
"""share of removed vectors from which the graph is built anew: they leave holes"""


@dataclass(frozen=True, slots=True)
class Recall:
    """Shares of the exact ten nearest that are among the candidates.

    Apart, since words lie beside the pictures, not among them: a graph of pictures is walked worse from there.
    """

    pictures: float
    """of stored vectors"""
    words: float | None
    """of the library's own words, as the pictures' encoder reads them; None where it reads none, or was not at hand"""


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph that fits `stamp`."""

    stamp: Stamp
    recall: Recall
    native: Any

    def candidates(self, query: np.ndarray, count: int = DEPTH) -> np.ndarray:
        """Ids of about the `count` nearest, in no order."""
        return self.native.search(query, count).keys.astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands behind the graph in the file."""

    stamp: Stamp
    recall: Recall
    ids: np.ndarray
    keys: np.ndarray


def path_of(db: Path) -> Path:
    """The file of the graph that belongs to the index `db`."""
    return db.with_name(db.name + "-near")


def recall_of(path: Path, stamp: Stamp) -> Recall | None:
    """The recall kept with the graph; None where there is none for `stamp`."""
    head = _head(path)
    return head.recall if head and head.stamp == stamp else None


def opened(path: Path, stamp: Stamp) -> Graph | None:
    """The graph, mapped, where the file is whole and was made of `stamp`; else None."""
    head = _head(path)
    if head is None or head.stamp != stamp:
        return None
    native = _restored(path, view=True)
    return None if native is None or len(native) != len(head.ids) else Graph(stamp, head.recall, native)


def update(
    path: Path,
    vectors: Vectors,
    progress: Callable[[int, int | None], None] | None = None,
    words: np.ndarray | None = None,
) -> None:
    """Brings the file up to date with `vectors`; a file that cannot be written is left, and search stays exact.

    `words` (q, e) are unit vectors of texts, by which the recall of words is measured.
    """
    if recall_of(path, vectors.stamp) is not None:
        return
    native, fresh = _pruned(path, vectors)
    for start in range(0, len(fresh), BATCH):
        some = fresh[start : start + BATCH]
        # one thread: the same graph every time, and several lose a node now and then (seen: one in a thousand)
        native.add(vectors.ids[some].astype(np.uint64), np.ascontiguousarray(vectors.matrix[some]), threads=1)
        if progress:
            progress(min(start + BATCH, len(fresh)), len(fresh))
    stored = np.unique(np.linspace(0, len(vectors.ids) - 1, QUERIES).astype(np.int64))
    recall = Recall(
        _recall(native, vectors, vectors.matrix[stored]),
        None if words is None or not len(words) else _recall(native, vectors, words),
    )
    # usearch says RuntimeError where the disk is full
    with suppress(OSError, RuntimeError), atomic_write(path) as [temporary]:
        native.save(str(temporary))
        about = json.dumps(
            {
                "stamp": asdict(vectors.stamp),
                "recall": asdict(recall),
                "count": len(vectors.ids),
                "graph": temporary.stat().st_size,
            }
        ).encode()
        with temporary.open("ab") as file:
            file.write(np.ascontiguousarray(vectors.ids).data)
            file.write(np.ascontiguousarray(vectors.keys).data)
            file.write(about + len(about).to_bytes(TAIL - len(MAGIC), "little") + MAGIC)


def _pruned(path: Path, vectors: Vectors) -> tuple[Any, np.ndarray]:
    """A graph of nothing that is not in `vectors`, and the rows that it lacks."""
    from usearch.index import Index, MetricKind, ScalarKind

    stamp = vectors.stamp
    head = _head(path)
    if head and (head.stamp.library, head.stamp.encoder, head.stamp.dim) == (stamp.library, stamp.encoder, stamp.dim):
        pairs = np.stack([vectors.ids.astype("<u8"), vectors.keys.astype("<u8")], axis=1)
        before = np.stack([head.ids.astype("<u8"), head.keys.astype("<u8")], axis=1)
        kept = _among(before, pairs)
        if kept.sum() >= (1 - WORN) * len(kept) and (native := _restored(path, view=False)) is not None:
            if not kept.all():
                native.remove(head.ids[~kept].astype(np.uint64), threads=1)
            return native, np.flatnonzero(~_among(pairs, before))
    # half the width builds in half the time; the answer is scored again in full
    native = Index(ndim=stamp.dim, metric=MetricKind.IP, dtype=ScalarKind.F16)
    return native, np.arange(len(vectors.ids))


def _among(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which rows (n, 2) of `some` occur in `others`."""
    pair = np.dtype([("id", "<u8"), ("key", "<u8")])
    return np.isin(np.ascontiguousarray(some).view(pair)[:, 0], np.ascontiguousarray(others).view(pair)[:, 0])


def _recall(native: Any, vectors: Vectors, queries: np.ndarray) -> float:
    """Share of the exact ten nearest of `queries` (q, e) that are among the candidates; ties are equal."""
    graph = Graph(vectors.stamp, Recall(0.0, None), native)
    k = min(10, len(vectors.ids))
    found = 0.0
    for query in np.ascontiguousarray(queries):
        edge = np.partition(vectors.matrix @ query, -k)[-k]
        mine = vectors.matrix[vectors.rows(np.sort(graph.candidates(query)))] @ query
        found += min(k, int((mine >= edge - 1e-6).sum())) / k
    return found / len(queries)


def _restored(path: Path, view: bool) -> Any | None:
    from usearch.index import Index

    try:
        return Index.restore(str(path), view=view)
    except (RuntimeError, ValueError, OSError):
        return None


def _head(path: Path) -> _Head | None:
    try:
        with path.open("rb") as file:
            file.seek(-TAIL, os.SEEK_END)
            tail = file.read(TAIL)
            if tail[-len(MAGIC) :] != MAGIC:
                return None
            length = int.from_bytes(tail[: -len(MAGIC)], "little")
            file.seek(-TAIL - length, os.SEEK_END)
            about = json.loads(file.read(length))
            count = int(about["count"])
            if file.seek(-TAIL - length - 16 * count, os.SEEK_END) != about["graph"]:
                return None
            ids, keys = (np.frombuffer(file.read(8 * count), dtype=kind) for kind in ("<i8", "<u8"))
            return _Head(Stamp(**about["stamp"]), Recall(**about["recall"]), ids, keys)
    except (OSError, ValueError, KeyError, TypeError):
        return None
