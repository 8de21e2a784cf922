"""What the words of a query find in the stored words: pictures, best first, by BM25.

S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, over the words w of a query:

    score(d) = sum over w of  idf(w) * f (K1 + 1) / (f + K1 (1 - B + B |d| / mean |d|))
    idf(w) = max(ln((n - n_w + 0.5) / (n_w + 0.5)), LEAST)

n pictures, n_w of them have w; |d| counts all words of a picture. A departure: f is not how often w stands in d but
where, 1 for its name and captions, 1 for its terms, WEAK for its folders. Where no word is repeated within one of the
three that is the `bm25` of SQLite's FTS5, which takes ten times as long: it looks up the length of every picture that
it finds. Here FTS5 says which pictures have a word, and the lengths of all of them are read once.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sightline.probes.nearest import top_k
from sightline.search.rank.lines import Lines
from sightline.search.rank.matrix import places
from sightline.search.words import exact_line, inside_of, terms

WEAK = 0.1  # ours
"""of a word of the folder or the set, against 1 of one in the name, a caption or a term"""
COLUMNS = 3
"""of FTS5's table: called, said, within"""
K1, B, LEAST = 1.2, 0.75, 1e-6
"""as in FTS5"""
FEW = 500
"""pictures whose names are read to see which is called by the query; of more the vectors of lines say which may be"""
AT_ONCE = 5000
"""numbers in one query"""
KEPT = 4
"""libraries whose lengths are held"""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How many words each picture of a library has, as BM25 counts it."""

    ids: np.ndarray
    """(n,) ascending"""
    norm: np.ndarray
    """(n,) K1 (1 - B + B |d| / mean |d|)"""


@dataclass(frozen=True, slots=True)
class Written:
    """The pictures (n,) that have a word of a query, by `ids`, ascending."""

    ids: np.ndarray
    scores: np.ndarray
    whole: np.ndarray
    """whether they have every word"""
    held: np.ndarray
    """whether their name and captions hold every word, but for some that may be those of their folders"""
    called: np.ndarray
    """whether their name and captions hold every word as it stands: no other may be called by the query"""

    def best(self, count: int) -> np.ndarray:
        """Ids of the `count` best, equal ones in their order; -1 for all."""
        return _best(self.ids, self.scores, len(self.ids) if count < 0 else count)

    def best_whole(self, count: int) -> np.ndarray:
        """The same of those that have every word."""
        return _best(self.ids[self.whole], self.scores[self.whole], count)


NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Having:
    """Places in a library, ascending, of the pictures that have a word: in each column of FTS5."""

    called: np.ndarray = field(default_factory=lambda: NONE)
    said: np.ndarray = field(default_factory=lambda: NONE)
    within: np.ndarray = field(default_factory=lambda: NONE)

    @property
    def held(self) -> np.ndarray:
        """Those that have it in their name, captions or folders."""
        return np.union1d(self.called, self.within) if len(self.within) else self.called

    def weighed(self) -> tuple[np.ndarray, np.ndarray | float]:
        """All of them, and f of each."""
        if not len(self.said) and not len(self.within):
            return self.called, 1.0
        hits = np.unique(np.concatenate([self.called, self.said, self.within]))
        f = np.zeros(len(hits))
        for rows, weight in ((self.called, 1.0), (self.said, 1.0), (self.within, WEAK)):
            f[np.searchsorted(hits, rows)] += weight
        return hits, f


def written(connection: sqlite3.Connection, query: str, only: np.ndarray | None = None) -> Written:
    """What the words of `query` find; among the ids `only`, where not all may be found.

    The last word, which may be half typed, also stands for all that start like it; in `held` it does so only where no
    picture holds it whole.
    """
    if not (wanted := terms(query)):
        return Written(NONE, np.zeros(0), *np.zeros((3, 0), bool))
    library = lengths(connection)
    size, every = len(library.ids), len(wanted)
    scores = np.zeros(size)
    # how many words each picture has: anywhere, in its name and captions, in those or its folders
    found, called, held = np.zeros((3, size), np.uint8)
    last = [Having()]
    """where the word is that may be half typed: whole, then as the start of others too; nowhere without such a word"""
    for term in wanted:
        have = _having(connection, library, term.typed)
        hits, f = have.weighed()
        found[hits] += 1
        idf = max(np.log((size - len(hits) + 0.5) / (len(hits) + 0.5)), LEAST)
        scores[hits] += idf * f * (K1 + 1) / (f + library.norm[hits])
        if term.typed == term.word:
            called[have.called] += 1
            held[have.held] += 1
        else:
            last = [_having(connection, library, term.word, like=have), have]
    here = np.full(size, only is None)
    if only is not None:
        here[places(library.ids, only)[0]] = True
    answers = []
    for have in last:
        named, holding = called.copy(), held.copy()
        named[have.called] += 1
        holding[have.held] += 1
        answers.append(((holding == every) & (named > 0) & here, named == every))
    holds = next((holds for holds, _ in answers if holds.any()), answers[0][0])
    at = np.flatnonzero((found > 0) & here)
    return Written(library.ids[at], scores[at], found[at] == every, holds[at], answers[0][1][at])


def _having(connection: sqlite3.Connection, library: Lengths, expression: str, like: Having | None = None) -> Having:
    """Where a word is, which is no more than where `like` is; for names and folders alone where that is given."""

    def rows(columns: str) -> np.ndarray:
        return places(library.ids, members(connection, f"{columns} : {expression}"))[0]

    if like is not None:
        return Having(rows("called"), within=rows("within") if len(like.within) else NONE)
    if not len(rows("{said within}")):  # asked at once: most words are of names alone
        return Having(rows("called"))
    return Having(rows("called"), rows("said"), rows("within"))


def exact_matches(connection: sqlite3.Connection, query: str, found: Written, lines: Lines | None = None) -> np.ndarray:
    """Ids, ascending, of the pictures whose name, or one of whose captions, is the query: the same words in the same
    order. `found` is what those words find; `lines`, where there are any, spare reading the names of many.
    """
    line, ids = exact_line(query), found.ids[found.called]
    if line is None:
        return ids[:0]
    if lines is not None and len(ids) > FEW and any(map(str.isalpha, line)):
        known = np.isin(ids, lines.ids)  # of others, which may be new, the names are read
        ids = np.union1d(ids[~known], np.intersect1d(ids, _owners(connection, line, lines)))
    named: list[int] = []
    for first in range(0, len(ids), AT_ONCE):
        find = f"""SELECT id FROM picture WHERE id IN ({", ".join(map(str, ids[first : first + AT_ONCE].tolist()))})
                   AND instr(char(10) || called || char(10), char(10) || ? || char(10)) ORDER BY id"""
        named += [row[0] for row in connection.execute(find, (line,))]
    return np.array(named, np.int64)


def _best(ids: np.ndarray, scores: np.ndarray, count: int) -> np.ndarray:
    # rounded, since a sum of the same numbers in another order must not decide
    return ids[top_k(scores.round(9), count)]


def inhabitants(connection: sqlite3.Connection, folders: Sequence[str]) -> np.ndarray:
    """Ids (n,) of the pictures in any of `folders`, ascending."""
    return members(connection, inside_of(folders))


def members(connection: sqlite3.Connection, expression: str) -> np.ndarray:
    """Ids (n,) of all pictures that an expression of FTS5 finds, ascending: a tenth of the time of its BM25."""
    # as one text: thousands of rows would take as long again to become Python's
    find = "SELECT group_concat(rowid) FROM (SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid)"
    return _numbers(connection.execute(find, (expression,)).fetchone()[0])


def lengths(connection: sqlite3.Connection) -> Lengths:
    """The lengths of all pictures, read once for each state of a library."""
    meta = "SELECT value FROM meta WHERE key IN ('library', 'revision') ORDER BY key"
    state = tuple(row[0] for row in connection.execute(meta))
    found = _held.get(state)
    if found is None:
        found = _read_lengths(connection)
        while len(_held) >= KEPT:
            _held.pop(next(iter(_held)), None)  # another thread may have been first
        _held[state] = found
    return found


_held: dict[tuple[str, ...], Lengths] = {}


def _read_lengths(connection: sqlite3.Connection) -> Lengths:
    # a number for each column, seven bits a byte, all but the last byte of one with the eighth bit
    read = "SELECT group_concat(id), group_concat(hex(sz), '') FROM (SELECT id, sz FROM words_docsize ORDER BY id)"
    ids, told = connection.execute(read).fetchone()
    numbers = np.frombuffer(bytes.fromhex(told or ""), np.uint8)
    last = numbers < 128
    values, ends, more = numbers[last].astype(np.float64), np.flatnonzero(last), np.flatnonzero(~last)
    mine = (np.cumsum(last) - last)[more]
    np.add.at(values, mine, (numbers[more] & 127) * 128.0 ** (ends[mine] - more))
    sizes = values.reshape(-1, COLUMNS).sum(1)
    return Lengths(_numbers(ids), K1 * (1 - B + B * sizes / max(sizes.sum() / max(len(sizes), 1), LEAST)))


def _numbers(text: str | None) -> np.ndarray:
    return np.fromstring(text, np.int64, sep=",") if text else NONE


def _owners(connection: sqlite3.Connection, line: str, lines: Lines) -> np.ndarray:
    """Ids of the pictures of which `line` is said."""
    find = """SELECT text_vector.id FROM meta JOIN text_vector ON encoder_id = CAST(value AS INTEGER)
              WHERE key = 'words_encoder' AND line = ?"""
    number = (connection.execute(find, (line,)).fetchone() or (-1,))[0]
    place = int(np.searchsorted(lines.numbers, number))
    if place == len(lines.numbers) or lines.numbers[place] != number:
        return lines.ids[:0]
    return lines.ids[lines.owners[lines.held[place] : lines.held[place + 1]]]
