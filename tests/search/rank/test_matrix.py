import os
import sqlite3

import numpy as np
import pytest

from sightline.search.index import Index
from sightline.search.rank import matrix, stamped
from sightline.search.rank.matrix import Vectors, write
from sightline.search.rank.stamped import HEADER, Stamp


@pytest.fixture
def db(tmp_path, folder, encoder, listed):
    with Index(tmp_path / "a.db") as index:
        index.add(listed(folder), encoder)
    return tmp_path / "a.db"


@pytest.fixture
def cache(db):
    return db.with_name("a.db-vectors")


def answer(db, encoder):
    with Index(db) as index:
        return [(hit.id, round(hit.score, 4)) for hit in index.search_text("red", encoder, 99)]


@pytest.fixture
def no_reading(monkeypatch):
    monkeypatch.setattr(matrix, "read", lambda *_: pytest.fail("vectors were read from SQLite"))


def test_indexing_leaves_a_cache_that_searches_map(db, cache, encoder, no_reading):
    assert cache.stat().st_size == HEADER + 5 * (16 + 4 * 3)
    assert len(answer(db, encoder)) == 5
    with Index(db) as index:
        index.search(np.ones(3))
        assert not index._caches._matrix._held.matrix.flags.writeable  # on the disk, not in memory


def test_the_file_holds_what_sqlite_holds(db, cache, encoder):
    mapped = answer(db, encoder)
    cache.unlink()
    assert answer(db, encoder) == mapped


@pytest.mark.parametrize("many", [1, 250_000])
def test_the_layout_of_the_file_changes_no_vector(db, cache, folder, encoder, listed, monkeypatch, many):
    expected = answer(db, encoder)
    cache.unlink()
    monkeypatch.setattr(matrix, "MANY", many)
    with Index(db) as index:
        index.add(listed(folder), encoder)
    monkeypatch.setattr(matrix, "read", lambda *_: pytest.fail("vectors were read from SQLite"))
    assert answer(db, encoder) == expected
    with Index(db) as index:
        index.search(np.ones(3))
        assert index._caches._matrix._held.matrix.flags.f_contiguous == (many > 5)


def damaged(data):
    yield "cut", data[: len(data) // 2]
    yield "cut by one", data[:-1]
    yield "longer", data + b"\0"
    yield "empty", b""
    yield "only a header", data[:HEADER]
    yield "another kind", b"PK" + data[2:]
    yield "no JSON", data[:8] + b"\xff" * 200 + data[208:]
    yield "another library", data.replace(b'"library": "', b'"library": "x', 1)[: len(data)]
    yield "another revision", data.replace(b'"revision": "', b'"revision": "x', 1)[: len(data)]
    yield "another count", data.replace(b'"count": 5', b'"count": 4', 1)
    yield "a list", data[:8] + b"[1]".ljust(HEADER - 8, b"\0") + data[HEADER:]


def test_stale_cut_and_foreign_files_are_passed_over_and_made_anew(db, cache, encoder, monkeypatch):
    monkeypatch.setattr(matrix, "WORTH", 0.0)
    whole, expected = cache.read_bytes(), answer(db, encoder)
    for what, data in damaged(whole):
        assert data != whole, what
        cache.write_bytes(data)
        assert answer(db, encoder) == expected, what
        assert cache.read_bytes() == whole, what


def test_a_cache_of_the_file_before_is_not_taken_for_that_of_a_copy_filled_otherwise(
    db, cache, folder, encoder, listed, painted
):
    before = db.read_bytes()
    painted(folder / "more-1.png", "red", shade=91)
    with Index(db) as index:
        index.add(listed(folder), encoder)
    with_red = cache.read_bytes()
    for file in db.parent.glob("a.db*"):
        file.unlink()
    db.write_bytes(before)  # the copy put back
    (folder / "more-1.png").unlink()
    painted(folder / "more-2.png", "green", shade=92)
    with Index(db) as index:
        index.add(listed(folder), encoder)
    cache.write_bytes(with_red)
    with Index(db) as index:
        green = {hit.name for hit in index.search(encoder.encode_text(["green"])[0], 2)}
        assert green == {"green-square", "more-2"}


def test_small_libraries_write_nothing_when_searched(db, cache, encoder):
    cache.unlink()
    before = sorted(p.name for p in db.parent.iterdir())
    answer(db, encoder)
    assert sorted(p.name for p in db.parent.iterdir()) == before


def test_a_folder_of_others_is_searched_and_left_as_it_is(db, cache, encoder, monkeypatch):
    expected = answer(db, encoder)
    cache.unlink()
    before = sorted(p.name for p in db.parent.iterdir())
    db.parent.chmod(0o555)
    # root may write anywhere: it is told that it may not
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK)
    monkeypatch.setattr(matrix, "WORTH", 0.0)
    monkeypatch.setattr(stamped, "atomic_write", lambda path: (_ for _ in ()).throw(PermissionError(13, "denied")))
    try:
        assert answer(db, encoder) == expected
        assert sorted(p.name for p in db.parent.iterdir()) == before
    finally:
        db.parent.chmod(0o755)


def test_a_file_that_cannot_be_replaced_means_memory(db, cache, encoder, monkeypatch):
    expected = answer(db, encoder)
    cache.write_bytes(b"stale")

    def refused(*_):
        raise PermissionError(13, "the file is mapped by another process")

    monkeypatch.setattr("os.replace", refused)
    monkeypatch.setattr(matrix, "WORTH", 0.0)
    assert answer(db, encoder) == expected and cache.read_bytes() == b"stale"
    assert not list(db.parent.glob(".a.db-vectors*"))


def test_a_long_identity_is_not_cached(tmp_path):
    vectors = Vectors(Stamp("l", "e" * 2000, 2, "r"), *(np.zeros(1, k) for k in ("<i8", "<u8")), np.zeros((1, 2)))
    write(tmp_path / "v", vectors)
    assert not (tmp_path / "v").exists()


def test_a_slow_library_answers_from_the_older_matrix_for_a_while(db, folder, encoder, listed, painted, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(matrix.time, "monotonic", lambda: clock[0])
    plain, reads = matrix.read, []

    def slow(*args):
        clock[0] += 1.0
        reads.append(clock[0])
        return plain(*args)

    def filled(name):
        painted(folder / name, "red", shade=len(name) + 50)
        monkeypatch.setattr(matrix, "write", lambda *_: None)
        with monkeypatch.context() as quick:
            quick.setattr(matrix, "read", plain)
            with Index(db) as writer:
                writer.add(listed(folder), encoder)

    monkeypatch.setattr(matrix, "read", slow)
    db.with_name("a.db-vectors").unlink()
    with Index(db) as index:
        assert len(index.search_text("red", encoder, 99)) == 5 and len(reads) == 1
        filled("one-more.png")
        (folder / "red-square.png").unlink()
        filled("and-another.png")
        # the new ones wait, the one that is gone is not shown, and nothing is read again
        found = index.search_text("red", encoder, 99)
        assert len(found) == 4 and "red-square" not in {hit.name for hit in found} and len(reads) == 1
        assert len(index.search_text("red", encoder, 3)) == 3
        clock[0] += 9.0
        assert len(index.search_text("red", encoder, 99)) == 4 and len(reads) == 1
        clock[0] += 1.5
        assert len(index.search_text("red", encoder, 99)) == 6 and len(reads) == 2


def test_a_vector_of_the_wrong_length_is_damage(db, cache, encoder):
    cache.unlink()
    with sqlite3.connect(db) as connection:
        connection.execute("UPDATE vector SET data = substr(data, 1, 8) WHERE rowid = 3")
    connection.close()
    with pytest.raises(ValueError, match="damaged or not an index"):
        answer(db, encoder)
