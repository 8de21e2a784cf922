"""From words and a vector to an order of the whole library."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sightline.search.blind import needs_encoder
from sightline.search.rank.feedback import MOST, rocchio
from sightline.search.rank.find import NONE, Written, exact_matches, written
from sightline.search.rank.fuse import DEPTH, SAID, WRITTEN, among, fused
from sightline.search.rank.lines import Lines
from sightline.search.rank.matrix import Vectors, places
from sightline.search.rank.near import Graph
from sightline.search.rank.relevance import Background
from sightline.search.rank.seen import compared, cosines_of
from sightline.search.rank.there import allowed
from sightline.search.rank.verdict import relevant_rows
from sightline.search.tile import best
from sightline.search.typed.where import Filter

Mode = Literal["words", "vectors", "said", "fused"]
CLOSE = 100
"""a picture found by words is also said to look like the query if it is among so many nearest"""


SHOWN = 4
"""times as many pictures as are asked for are told which of their lines is nearest"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for: `words` (what was typed), their `vector` (e,) or a picture's, or both."""

    words: str = ""
    vector: np.ndarray | None = None
    folders: tuple[str, ...] = ()
    """stored words of the folders to look in; () for everywhere"""
    meant: np.ndarray | None = None
    """(d,) the words' vector by the encoder that compares words with words"""
    reader: str = ""
    """identity of that encoder"""
    spelt: float | None = None
    """tokens that a word of it is for that encoder (`query.pieces`)"""
    where: Filter | None = None
    """what the pictures must fit; None for all"""
    without: tuple[str, ...] = ()
    """words that are taken away: what holds all words of one of them stands behind all others"""
    share: float = 1.0
    """of what is added, that is words: where pictures take part (below 1), no name decides, and rankings by words count
    so much less"""
    judged: bool = True
    """by what made-up words find: a sum of several vectors is none of theirs"""


@dataclass(frozen=True, slots=True)
class Library:
    """What is searched: the vectors of every picture, a graph over them, the vectors of their tiles and their words;
    and by what it is judged, where that is known."""

    vectors: Vectors
    graph: Graph | None = None
    tiles: Vectors | None = None
    lines: Lines | None = None
    background: Background | None = None

    def must_fit(self, vector: np.ndarray | None, db: Path) -> None:
        """ValueError for the vector of a query that pictures of the index at `db` cannot be compared with."""
        dim = self.vectors.stamp.dim
        if vector is not None and dim == 0:
            raise ValueError(needs_encoder("searching by likeness", db))
        if vector is not None and len(vector) != dim:
            raise ValueError(f"the query has {len(vector)} numbers, {db} holds vectors of {dim}")


@dataclass(frozen=True, slots=True)
class Ranked:
    """Pictures (n,), best first: `ids`, the `cosines` of query and picture, and which ranking found each."""

    ids: np.ndarray
    cosines: np.ndarray
    match: np.ndarray
    """name | words | said | picture | both"""
    tile: np.ndarray
    """number of the part of the picture that is nearest, 0 where the whole is"""
    said: np.ndarray
    """the cosine of the query and the nearest of the picture's own lines, of the first; nan where there is none"""
    line: np.ndarray
    """number of that line in the index"""
    named: np.ndarray
    """whether it is called by the query, or its name and captions hold every word of it"""
    relevant: np.ndarray | None
    """whether it is relevant, the relevant ones before the others; None where nothing was judged"""
    count: int | None
    """relevant pictures of the whole library; above `APPROXIMATE_FROM` at least"""
    whole: bool
    """whether asking for more would find no more"""

    def without(self, id: int) -> "Ranked":
        """The same but for one picture."""
        keep = self.ids != id
        every = {part.name: getattr(self, part.name) for part in fields(self)}
        kept: dict[str, Any] = {name: part[keep] for name, part in every.items() if isinstance(part, np.ndarray)}
        return replace(self, **kept)


@dataclass(frozen=True, slots=True)
class Ranking:
    """`ids` (n,) of every searchable picture, ascending, and the `ranks` (n,) from 1; inf for one that is not found."""

    ids: np.ndarray
    ranks: np.ndarray


def ranked(connection: sqlite3.Connection, library: Library, count: int, wanted: Wanted) -> Ranked:
    """At least the first `count` pictures for what is `wanted`; fewer where there are no more.

    With tiles a picture is as near as the nearest of the whole and its parts.

    The order does not depend on `count`: asked for more, it goes on.
    """
    vectors, vector, words = library.vectors, wanted.vector, wanted.words
    only = allowed(connection, wanted.folders, wanted.where)
    found = written(connection, words, only)
    worded, held = vectors.rows(found.best(DEPTH)), vectors.rows(found.ids[found.held])
    named = vectors.rows(exact_matches(connection, words, found, library.lines))
    near = alike = np.zeros(0, np.int64)
    parts = None if library.tiles is None or vector is None else best(library.tiles, vectors, vector)
    there = None if only is None else vectors.rows(only)
    seen = None
    if vector is not None:
        # a graph proposes pictures of anywhere
        graph = library.graph if count <= DEPTH and there is None else None
        seen = compared(vectors, graph, vector, max(count, DEPTH), parts)
        near = seen.nearest(max(count, DEPTH), there)
        holding = vectors.rows(found.best_whole(DEPTH))[:MOST]
        if len(holding):
            moved = rocchio(vector, vectors.matrix[holding])
            alike = compared(vectors, graph, moved, DEPTH).nearest(DEPTH, there)
    lines = library.lines if library.lines and library.lines.stamp.encoder == wanted.reader else None
    heard, meant, nearness = None, np.zeros(0, np.int64), np.zeros(0, np.float32)
    if lines is not None and wanted.meant is not None:
        heard = lines.heard(wanted.meant, None if there is None else vectors.ids[there])
        ids, nearness = lines.nearest(heard, DEPTH)
        meant, known = places(vectors.ids, ids)
        nearness = nearness[known]
    likely = relevant_rows(
        library.background if wanted.judged else None, vectors, seen, lines, heard, there, wanted.spelt
    )
    if likely is not None:
        likely = np.union1d(likely, np.union1d(named, held))
    # of more than that the rankings have the best
    rest = [some for some in (held, likely) if some is not None and len(some) <= DEPTH]
    first = np.unique(np.concatenate([worded, named, near[:DEPTH], alike, meant, *rest]))
    pool = np.union1d(first, near)
    cosines = np.zeros(len(pool), np.float32)
    if vector is not None and seen is not None:
        every = parts is None and seen.rows is None
        cosines = seen.cosines[pool] if every else cosines_of(vectors.matrix[pool], vector)
    tile = np.zeros(len(pool), np.int64)
    if parts is not None:
        tile = np.where(parts.cosines[pool] > cosines, parts.tile[pool], 0)
        cosines = np.maximum(cosines, parts.cosines[pool])
    said, line = np.full(len(pool), np.nan, np.float32), np.zeros(len(pool), np.int64)
    if lines is not None and wanted.meant is not None:
        # many pictures may be called the same: the one that looks like it is first
        meant = meant[np.lexsort((meant, -cosines[np.searchsorted(pool, meant)], -nearness))]
    # what comes in only because more was asked for stays behind all that was there before
    whole, sure = np.intersect1d(held, first), None if likely is None else np.intersect1d(likely, first)
    weights = [wanted.share * (1.0 if heard is None else WRITTEN), 1.0, wanted.share, wanted.share * SAID]
    tiers = (named, whole) if wanted.share == 1 else (named[:0], whole[:0])
    behind = vectors.rows(_holders(connection, wanted.without, only))
    order = fused([worded, near, alike, meant], *tiers, pool, cosines, weights, sure, behind)
    by_words, by_look = among(order, worded), among(order, near[:CLOSE])
    at = np.searchsorted(pool, order)
    if lines is not None and wanted.meant is not None:
        # of as many as are shown, and some in the place of those that may be gone
        some = slice(0, SHOWN * count)
        said[some], line[some] = lines.best(wanted.meant, vectors.ids[order[some]])
    by_meaning = (_places(meant[:CLOSE], pool) < _places(near[:DEPTH], pool))[at]
    match = np.select(
        [among(order, named), by_words & by_look, by_words, by_meaning],
        ["name", "both", "words", "said"],
        default="picture",
    )
    return Ranked(
        ids=vectors.ids[order],
        cosines=cosines[at],
        match=match,
        tile=tile[at],
        said=said,
        line=line,
        named=among(order, np.union1d(named, held)),
        relevant=None if likely is None else among(order, likely),
        count=None if likely is None else len(likely),
        whole=vector is None or count >= len(vectors.ids if there is None else there),
    )


def ranking(connection: sqlite3.Connection, library: Library, wanted: Wanted, mode: Mode) -> Ranking:
    """The rank of every picture by BM25 alone, by the vectors alone, by words against words alone, or as a search
    answers; for evaluation."""
    vectors = library.vectors
    if mode == "words":
        order = vectors.ids[vectors.rows(_written(connection, wanted).best(-1))]
    elif mode == "said":
        if library.lines is None or wanted.meant is None:
            raise ValueError("a ranking by said needs an index with the vectors of its words, and their encoder")
        order = library.lines.nearest(library.lines.heard(wanted.meant), len(library.lines.ids))[0]
    elif wanted.vector is None:
        raise ValueError(f"a ranking by {mode} needs the vector of the query")
    elif mode == "vectors":
        order = ranked(connection, library, len(vectors.ids), Wanted(vector=wanted.vector)).ids
    else:
        order = ranked(connection, library, len(vectors.ids), wanted).ids
    ranks = np.full(len(vectors.ids), np.inf)
    ranks[vectors.rows(order)] = np.arange(1, len(order) + 1)
    return Ranking(vectors.ids, ranks)


def _written(connection: sqlite3.Connection, wanted: Wanted) -> Written:
    return written(connection, wanted.words, allowed(connection, wanted.folders, wanted.where))


def _holders(connection: sqlite3.Connection, without: Sequence[str], only: np.ndarray | None) -> np.ndarray:
    """Ids, ascending, of the pictures whose name and captions hold every word of one of `without`."""
    found = [written(connection, words, only) for words in without]
    return np.unique(np.concatenate([NONE, *(one.ids[one.held] for one in found)]))


def _places(ranking: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """The place (n,) in a ranking of each of the `pool` that it is part of, inf for the others."""
    places = np.full(len(pool), np.inf)
    places[np.searchsorted(pool, ranking)] = np.arange(len(ranking))
    return places
