"""Words by BM25: the equation, what FTS5 itself makes of it, and which pictures are called by a query."""

import math

import numpy as np
import pytest

from sightline.data.sample import Sample
from sightline.search.index import Index
from sightline.search.query import Readers
from sightline.search.rank import find
from sightline.search.rank.find import exact_matches, inhabitants, lengths, written
from sightline.search.schema import connect, new_revision
from sightline.search.words import terms

WORDS = "arrow card star cloud home user chart map bell lock".split()


def put(connection, called, said="", within=""):
    """A picture of these words; its id."""
    place = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM picture").fetchone()[0]
    row = (f"/{place}", "/", str(place), "x", "[]", str(place), 0, 0, called, said, within)
    columns = "place, source, key, name, captions, hash, size, mtime, called, said, within"
    number = connection.execute(f"INSERT INTO picture ({columns}) VALUES ({', '.join('?' * 11)})", row).lastrowid
    new_revision(connection)
    return number


@pytest.fixture
def connection(tmp_path):
    made = connect(tmp_path / "words.db")
    yield made
    made.close()


def fill(connection, *, repeated):
    """400 pictures of random words, drawn for each column with or without repetition."""
    rng = np.random.default_rng(0)
    rows = {}
    for _ in range(400):
        sizes = rng.integers([1, 0, 0], [5, 6, 3])
        row = [rng.choice(WORDS, size, replace=repeated).tolist() for size in sizes]
        rows[put(connection, *map(" ".join, row))] = row
    # gaps, so that ids are no places
    connection.execute("DELETE FROM picture WHERE id % 7 = 3")
    new_revision(connection)
    return {number: row for number, row in rows.items() if number % 7 != 3}


QUERIES = ["star", "star cloud", "sta", "map of home use", "arrow card star cloud home", "lock lock bell", "no such"]


@pytest.mark.parametrize("query", QUERIES)
def test_the_score_is_that_of_fts5_where_no_word_is_repeated(connection, query):
    fill(connection, repeated=False)
    found = written(connection, query)
    any_of = " OR ".join(term.typed for term in terms(query))
    ask = "SELECT rowid, -bm25(words, 1, 1, 0.1) FROM words WHERE words MATCH ? ORDER BY rowid"
    expected = connection.execute(ask, (any_of,)).fetchall()
    assert found.ids.tolist() == [row[0] for row in expected]
    assert np.allclose(found.scores, [row[1] for row in expected], rtol=1e-12, atol=0)
    order = sorted(expected, key=lambda row: (-round(row[1], 9), row[0]))
    assert (
        found.best(-1).tolist() == [row[0] for row in order] and found.best(7).tolist() == found.best(-1)[:7].tolist()
    )


@pytest.mark.parametrize("query", ["star cloud home", "arrow lock"])
def test_a_word_counts_once_in_each_column_however_often_it_stands_there(connection, query):
    rows = fill(connection, repeated=True)
    found = written(connection, query)
    mean = sum(sum(map(len, row)) for row in rows.values()) / len(rows)
    expected = {}
    for number, row in rows.items():
        norm = 1.2 * (1 - 0.75 + 0.75 * sum(map(len, row)) / mean)
        for word in query.split():
            having = sum(any(word in column for column in other) for other in rows.values())
            idf = max(math.log((len(rows) - having + 0.5) / (having + 0.5)), 1e-6)
            f = sum(weight for weight, column in zip((1, 1, 0.1), row, strict=True) if word in column)
            if f:
                expected[number] = expected.get(number, 0.0) + idf * f * 2.2 / (f + norm)
    assert dict(zip(found.ids.tolist(), found.scores.tolist(), strict=True)) == pytest.approx(expected, rel=1e-12)
    whole = {n for n, row in rows.items() if all(any(word in column for column in row) for word in query.split())}
    assert set(found.ids[found.whole].tolist()) == whole and set(found.best_whole(3).tolist()) <= whole


@pytest.mark.parametrize("query", ["star cloud", "sta", "cloud sta", "bell map lock"])
def test_what_is_held_is_every_word_in_names_or_folders_and_one_in_a_name(connection, query):
    rows = fill(connection, repeated=True)
    *firsts, last = query.split()

    def holding(fits):
        wanted = [*(lambda words, one=one: one in words for one in firsts), fits]
        return {
            number
            for number, (called, _, within) in rows.items()
            if all(want(called + within) for want in wanted) and any(want(called) for want in wanted)
        }

    whole = holding(lambda words: last in words)
    found = written(connection, query)
    expected = whole or holding(lambda words: any(word.startswith(last) for word in words))
    assert set(found.ids[found.held].tolist()) == expected and expected


def test_folders_leave_the_scores_as_they_are(connection):
    rows = fill(connection, repeated=True)
    everywhere, there = (
        written(connection, "star cloud"),
        written(connection, "star cloud", inhabitants(connection, ["home"])),
    )
    scores = dict(zip(everywhere.ids.tolist(), everywhere.scores.tolist(), strict=True))
    inside = [number for number in everywhere.ids.tolist() if "home" in rows[number][2]]
    assert there.ids.tolist() == inside and there.scores.tolist() == [scores[number] for number in inside]


def test_lengths_of_any_size_are_read_and_read_again_when_the_index_changes(connection):
    sizes = [1, 127, 128, 300, 20_000]
    for size in sizes:
        put(connection, "star", " ".join(["word"] * (size - 1)))
    mean = sum(sizes) / len(sizes)
    expected = [1.2 * (0.25 + 0.75 * size / mean) for size in sizes]
    assert np.allclose(lengths(connection).norm, expected) and lengths(connection) is lengths(connection)
    before = written(connection, "star").scores
    put(connection, "star")
    assert len(written(connection, "star").ids) == 6 and not np.allclose(written(connection, "star").scores[:5], before)


def test_an_empty_library_has_nothing(connection):
    assert len(written(connection, "star").ids) == len(written(connection, "?!").ids) == 0


def test_names_are_told_by_their_lines_as_by_reading_them(tmp_path, encoder, monkeypatch):
    names = ["red star", "star red", "redStar", "red", "star", "red star 2", "2024", "20-24"]

    class Shelf:
        has, classes, name = frozenset({"image", "text"}), (), "shelf"

        def __len__(self):
            return len(names)

        def __getitem__(self, index):
            image = np.full((4, 4, 3), index, np.uint8)
            return Sample(key=str(index), image=image, name=names[index], terms=("red",) if index == 4 else ())

    with Index(tmp_path / "i.db") as index:
        index.add(Shelf(), encoder)
        with index._reading() as connection:
            lines = index._caches.library(connection, tiled=False, readers=Readers(encoder, encoder)).lines
            assert lines is not None
            for query in ("red star", "star", "red", "star red", "2024", "star 2", "nothing"):
                found = written(connection, query)
                read = exact_matches(connection, query, found)
                monkeypatch.setattr(find, "FEW", 0)
                assert exact_matches(connection, query, found, lines).tolist() == read.tolist()
                monkeypatch.undo()
                expected = [n for n, name in enumerate(names, 1) if find.exact_line(name) == find.exact_line(query)]
                assert read.tolist() == expected
