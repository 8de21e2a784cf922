"""From words and a vector to an order of the whole library."""

import sqlite3
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sightline.probes.nearest import top_k
from sightline.search.rank.feedback import MOST, rocchio
from sightline.search.rank.fuse import DEPTH, fused
from sightline.search.rank.matrix import Vectors
from sightline.search.rank.near import Graph
from sightline.search.tile import Best, best
from sightline.search.words import all_of, any_of, exact_line

Mode = Literal["words", "vectors", "fused"]
CLOSE = 100
"""a picture found by words is also said to look like the query if it is among so many nearest"""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Pictures (n,), best first: `ids`, the `cosines` of query and picture, and which ranking found each."""

    ids: np.ndarray
    cosines: np.ndarray
    match: np.ndarray
    """name | words | picture | both"""
    tile: np.ndarray
    """number of the part of the picture that is nearest, 0 where the whole is"""


@dataclass(frozen=True, slots=True)
class Ranking:
    """`ids` (n,) of every searchable picture, ascending, and the `ranks` (n,) from 1; inf for one that is not found."""

    ids: np.ndarray
    ranks: np.ndarray


def ranked(
    connection: sqlite3.Connection,
    vectors: Vectors,
    graph: Graph | None,
    count: int,
    query: str = "",
    vector: np.ndarray | None = None,
    tiles: Vectors | None = None,
) -> Ranked:
    """At least the first `count`, of `query` (what was typed), `vector` (e,) or both; fewer where there are no more.

    With `tiles` a picture is as near as the nearest of the whole and its parts.

    The order does not depend on `count`: asked for more, it goes on.
    """
    worded = vectors.rows(word_matches(connection, any_of(query), DEPTH))
    named = vectors.rows(exact_matches(connection, query))
    near = alike = np.zeros(0, np.int64)
    parts = None if tiles is None or vector is None else best(tiles, vectors, vector)
    if vector is not None:
        graph = graph if count <= DEPTH else None
        near = nearest(vectors, graph, vector, max(count, DEPTH), parts)
        if len(relevant := vectors.rows(word_matches(connection, all_of(query), MOST))):
            alike = nearest(vectors, graph, rocchio(vector, vectors.matrix[relevant]), DEPTH)
    pool = np.unique(np.concatenate([worded, named, near, alike]))
    cosines = np.zeros(len(pool), np.float32) if vector is None else _cosines(vectors.matrix[pool], vector)
    tile = np.zeros(len(pool), np.int64)
    if parts is not None:
        tile = np.where(parts.cosines[pool] > cosines, parts.tile[pool], 0)
        cosines = np.maximum(cosines, parts.cosines[pool])
    order = fused([worded, near, alike], named, pool, cosines)
    by_words, by_look = np.isin(order, worded), np.isin(order, near[:CLOSE])
    match = np.select(
        [np.isin(order, named), by_words & by_look, by_words], ["name", "both", "words"], default="picture"
    )
    at = np.searchsorted(pool, order)
    return Ranked(vectors.ids[order], cosines[at], match, tile[at])


def ranking(
    connection: sqlite3.Connection, vectors: Vectors, query: str, vector: np.ndarray | None, mode: Mode
) -> Ranking:
    """The rank of every picture by BM25 alone, by the vectors alone, or as a search answers; for evaluation."""
    if mode == "words":
        order = vectors.ids[vectors.rows(word_matches(connection, any_of(query), -1))]
    elif vector is None:
        raise ValueError(f"a ranking by {mode} needs the vector of the query")
    elif mode == "vectors":
        order = ranked(connection, vectors, None, len(vectors.ids), vector=vector).ids
    else:
        order = ranked(connection, vectors, None, len(vectors.ids), query, vector).ids
    ranks = np.full(len(vectors.ids), np.inf)
    ranks[vectors.rows(order)] = np.arange(1, len(order) + 1)
    return Ranking(vectors.ids, ranks)


def nearest(
    vectors: Vectors, graph: Graph | None, vector: np.ndarray, count: int, parts: Best | None = None
) -> np.ndarray:
    """Rows of the `count` pictures nearest to a unit vector (e,), best first; with a graph those it proposes.

    `parts` are the pictures' best tiles, always looked at exactly.
    """
    if graph is None:
        cosines = _cosines(vectors.matrix, vector)
        return top_k(cosines if parts is None else np.maximum(cosines, parts.cosines), count)
    near = vectors.rows(graph.candidates(vector))
    if parts is not None:
        near = np.union1d(near, top_k(parts.cosines, count))
    cosines = _cosines(vectors.matrix[near], vector)
    if parts is not None:
        cosines = np.maximum(cosines, parts.cosines[near])
    return near[np.lexsort((near, -cosines))]


def word_matches(connection: sqlite3.Connection, expression: str | None, most: int) -> np.ndarray:
    """Ids (n,) of the pictures that an expression of FTS5 finds, by its BM25, best first, at most
    `most` (-1: all of them).
    """
    if expression is None:
        return np.zeros(0, np.int64)
    find = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words), rowid LIMIT ?"
    return np.array([row[0] for row in connection.execute(find, (expression, most))], np.int64)


def exact_matches(connection: sqlite3.Connection, query: str) -> np.ndarray:
    """Ids (n,) of the pictures whose name, or one of whose captions, is the query: the same words in the same order."""
    line = exact_line(query)
    if line is None:
        return np.zeros(0, np.int64)
    find = """SELECT rowid FROM words WHERE words MATCH ?
              AND instr(char(10) || called || char(10), char(10) || ? || char(10)) ORDER BY rowid"""
    return np.array([row[0] for row in connection.execute(find, (f'called : "{line}"', line))], np.int64)


def _cosines(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    # six digits: equal vectors then score equal, whatever block of the product they fell into
    return np.round(matrix @ vector, 6)
