"""Words against words: a query's vector beside the vectors of the names, captions and terms of every picture.

A picture is as near as its best line and all its lines in the mean. A library of more than FEW lines is looked through
in two steps, because one product over all of them would read more memory than a search has time for: the query and all
lines in their first COARSE principal directions propose CANDIDATES, whose pictures are compared in full.
"""

import sqlite3
from dataclasses import dataclass, fields
from math import prod

import numpy as np

from sightline.probes.nearest import top_k
from sightline.search.fill.lines import own_lines
from sightline.search.rank.matrix import Cache, places
from sightline.search.rank.stamped import Stamp, read_stamped, write_stamped

FEW = 20_000
"""lines that are compared in full"""
COARSE = 64
"""principal directions of more lines than that"""
CANDIDATES = 2000
"""lines that are compared in full, of more than FEW"""
SAMPLED = 20_000
"""lines by which the directions are found"""
MAGIC = b"SGLNLIN2"


@dataclass(frozen=True, slots=True)
class Heard:
    """A query compared with lines: with all of few ones, with the nearest CANDIDATES of many."""

    vector: np.ndarray
    """(e,)"""
    scores: np.ndarray
    """(m,) the cosine of every line; of many lines nearly"""
    lines: np.ndarray
    """(q,) distinct rows of the matrix"""
    cosines: np.ndarray
    """(q,)"""
    there: np.ndarray | None
    """positions of the only pictures that may be found, where not all may"""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of the library (m) and the pictures that have some (n), joined by p pairs.

    Line `lines[first[i]:first[i + 1]]` are those of picture `ids[i]`, `owners[held[j]:held[j + 1]]` the pictures of
    line j. Lines are rows of `matrix`; `numbers` (m,) are their ids in the index.
    """

    stamp: Stamp
    ids: np.ndarray
    """(n,) ascending"""
    first: np.ndarray
    """(n + 1,)"""
    lines: np.ndarray
    """(p,)"""
    held: np.ndarray
    """(m + 1,)"""
    owners: np.ndarray
    """(p,) positions in `ids`"""
    numbers: np.ndarray
    """(m,)"""
    matrix: np.ndarray
    """(m, e) unit vectors"""
    coarse: np.ndarray
    """(m, c) their first principal directions, one after another, which is a product in a fourth of the time; (m, 0)
    of few lines"""
    basis: np.ndarray
    """(c, e)"""

    def scores(self, vector: np.ndarray) -> np.ndarray:
        """The cosine (m,) of a unit vector (e,) and every line; of many lines nearly."""
        if self.coarse.shape[1]:
            return self.coarse @ (self.basis @ vector)
        # six digits: equal vectors then score equal, whatever block of the product they fell into
        return np.round(self.matrix @ vector, 6)

    def heard(self, vector: np.ndarray, there: np.ndarray | None = None) -> Heard:
        """A unit vector (e,) compared; `there` are the only ids whose lines count, ascending, where not all may."""
        scores, at = self.scores(vector), None if there is None else places(self.ids, there)[0]
        allowed = None if at is None else np.unique(self._lines_of(at)[0])
        if not self.coarse.shape[1]:
            lines = np.arange(len(scores)) if allowed is None else allowed
            return Heard(vector, scores, lines, scores[lines], at)
        near = top_k(scores, CANDIDATES) if allowed is None else allowed[top_k(scores[allowed], CANDIDATES)]
        return Heard(vector, scores, near, self._cosines(vector, near), at)

    def nearest(self, heard: Heard, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Ids (k,) of the `count` pictures whose words are nearest to a query, best first, and how near.

        That is the cosine of the best line plus the mean of all, 2 at most: of two pictures with one good line the one
        that nothing else is said of, or nothing that leads elsewhere, is the nearer. Equal ones are in the order of
        their ids.
        """
        if self.coarse.shape[1]:
            at = self._proposed(heard, count)
        else:
            at = np.arange(len(self.ids)) if heard.there is None else heard.there
        if not len(at):
            return self.ids[:0], np.zeros(0, np.float32)
        mine, starts = self._lines_of(at)
        cosines = self._cosines(heard.vector, mine) if self.coarse.shape[1] else heard.scores[mine]
        sizes = np.diff(np.append(starts, len(mine)))
        near = np.round(np.maximum.reduceat(cosines, starts) + np.add.reduceat(cosines, starts) / sizes, 6)
        best = top_k(near, count)
        return self.ids[at[best]], near[best]

    def owners_of(self, lines: np.ndarray, heard: Heard) -> np.ndarray:
        """Ids, ascending, of the pictures that have any of `lines` and may be found."""
        owners = np.unique(self.owners[_ranges(self.held[lines], self.held[lines + 1])])
        return self.ids[owners if heard.there is None else owners[np.isin(owners, heard.there)]]

    def _proposed(self, heard: Heard, count: int) -> np.ndarray:
        """Positions of pictures with the best of many lines, ascending: a few times as many as are asked for."""
        near, there = heard.lines, heard.there
        sizes = self.held[near + 1] - self.held[near]
        if there is None:  # a line has a picture once, so that these hold at least as many
            near = near[: np.searchsorted(np.cumsum(sizes), 2 * count) + 1]
        owners = np.unique(self.owners[_ranges(self.held[near], self.held[near + 1])])
        return owners if there is None else owners[np.isin(owners, there)]

    def _cosines(self, vector: np.ndarray, lines: np.ndarray) -> np.ndarray:
        """The cosine (p,) of each of `lines` (p,), which may come again."""
        distinct, place = np.unique(lines, return_inverse=True)
        return np.round(self.matrix[distinct] @ vector, 6)[place]

    def best(self, vector: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For pictures `ids` (k,) the cosine (k,) of a unit vector (e,) and their nearest line, and its number (k,).

        nan and 0 for a picture without lines.
        """
        cosines, numbers = np.full(len(ids), np.nan, np.float32), np.zeros(len(ids), np.int64)
        at, known = places(self.ids, ids)
        if not len(at):
            return cosines, numbers
        mine, starts = self._lines_of(at)
        scores = self._cosines(vector, mine)
        best = np.maximum.reduceat(scores, starts)
        sizes = np.diff(np.append(starts, len(mine)))
        hits = np.flatnonzero(scores == np.repeat(best, sizes))
        _, firsts = np.unique(np.repeat(np.arange(len(at)), sizes)[hits], return_index=True)
        cosines[known], numbers[known] = best, self.numbers[mine[hits[firsts]]]
        return cosines, numbers

    def _lines_of(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The lines of pictures at positions `at`, one after another, and where each picture's begin."""
        begin, end = self.first[at], self.first[at + 1]
        return self.lines[_ranges(begin, end)], np.cumsum(end - begin) - (end - begin)


class LineCache(Cache[Lines]):
    """The lines of the encoder of words: the ones at hand, the mapped file, or made from SQLite."""

    suffix = "-lines"

    def read(self, connection: sqlite3.Connection, encoder_id: int, stamp: Stamp) -> Lines:
        """Every line's vector and the pictures that have it, from SQLite."""
        find = "SELECT id, line, data FROM text_vector WHERE encoder_id = ? ORDER BY id"
        rows: dict[str, int] = {}
        numbers, data = [], []
        for number, line, vector in connection.execute(find, (encoder_id,)):
            rows[line] = len(numbers)
            numbers.append(number)
            data.append(vector)
        matrix = np.frombuffer(b"".join(data), "<f4")
        if matrix.size != len(numbers) * stamp.dim:
            raise sqlite3.DatabaseError(f"a line's vector has another length than {stamp.dim}")
        ids, first, lines = [], [0], []
        for id, called, said in connection.execute("SELECT id, called, said FROM picture ORDER BY id"):
            mine = [rows[line] for line in own_lines(called, said) if line in rows]
            if mine:
                ids.append(id)
                lines.extend(mine)
                first.append(len(lines))
        return lines_of(
            stamp, np.array(ids, "<i8"), np.array(first, "<i8"), np.array(lines, "<i8"), np.array(numbers, "<i8"),
            matrix.reshape(len(numbers), stamp.dim),
        )  # fmt: skip

    def opened(self, stamp: Stamp) -> Lines | None:
        """The file as arrays on disk, None where it is not there, not whole or of something else."""

        def made(shapes: dict[str, list[int]], numbers: np.ndarray) -> Lines | None:
            sizes = [prod(shape) * np.dtype(_kind(name)).itemsize for name, shape in shapes.items()]
            if len(numbers) != sum(sizes):
                return None
            parts = np.split(numbers, np.cumsum(sizes)[:-1])
            named = zip(shapes.items(), parts, strict=True)
            arrays = {name: part.view(_kind(name)).reshape(shape) for (name, shape), part in named}
            return Lines(stamp, **{name: _across(name, part) for name, part in arrays.items()})

        return read_stamped(self.path, MAGIC, stamp, "shapes", made)

    def write(self, found: Lines) -> None:
        """Leaves the cache as it was where it cannot be written."""
        names = [part.name for part in fields(Lines) if part.name != "stamp"]
        named = {name: _across(name, getattr(found, name)) for name in names}
        shapes = {name: part.shape for name, part in named.items()}
        parts = (np.asarray(part, _kind(name)) for name, part in named.items())
        write_stamped(self.path, MAGIC, found.stamp, ("shapes", shapes), parts)


def some_lines(connection: sqlite3.Connection, encoder_id: int, count: int) -> list[str]:
    """Up to `count` of the library's lines of words, evenly from the first to the last that was embedded."""
    find = """SELECT line FROM (
                  SELECT line, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS total
                  FROM text_vector WHERE encoder_id = ?1
              ) WHERE place % max(1, (total + ?2 - 1) / ?2) = 0 ORDER BY place"""
    return [line for (line,) in connection.execute(find, (encoder_id, count))]


def lines_of(
    stamp: Stamp, ids: np.ndarray, first: np.ndarray, lines: np.ndarray, numbers: np.ndarray, matrix: np.ndarray
) -> Lines:
    """`Lines` of the pairs picture by picture: with the pairs line by line, and the principal directions of many."""
    order = np.argsort(lines, kind="stable")
    owners = np.repeat(np.arange(len(ids), dtype="<i8"), np.diff(first))[order]
    held = np.searchsorted(lines[order], np.arange(len(numbers) + 1)).astype("<i8")
    basis = np.zeros((0, stamp.dim), "<f4")
    if len(numbers) > FEW:
        some = matrix[np.unique(np.linspace(0, len(matrix) - 1, SAMPLED).astype(np.int64))]
        # not centred: what is approximated is the product itself
        basis = np.linalg.eigh(some.T @ some)[1][:, ::-1][:, :COARSE].T.astype("<f4")
    coarse = np.asfortranarray(matrix @ basis.T)
    return Lines(stamp, ids, first, lines, held, owners, numbers, matrix, coarse, np.ascontiguousarray(basis))


def _ranges(begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """begin[0] .. end[0] - 1, begin[1] .. end[1] - 1, ... in one array.

    >>> _ranges(np.array([3, 9]), np.array([5, 10])).tolist()
    [3, 4, 9]
    """
    sizes = end - begin
    return np.repeat(begin - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())


def _across(name: str, part: np.ndarray) -> np.ndarray:
    """An array of `Lines` as the file has it, or the other way round: the coarse one by its columns."""
    return part.T if name == "coarse" else part


def _kind(name: str) -> str:
    return "<f4" if name in ("matrix", "coarse", "basis") else "<i8"
