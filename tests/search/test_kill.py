"""Indexing that is killed at any moment, that meets a full disk, and that goes on while others search."""

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from sightline.search.index import Index
from sightline.search.rank import matrix, near
from sightline.search.rank.stamped import HEADER

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and file size limits are POSIX")
START = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from conftest import Colours, Listed
import sightline.search.fill.fill as fill
import sightline.search.rank.matrix as matrix
from sightline.search.index import Index
db, folder = sys.argv[1:]
encoder = Colours()
"""
INDEX = (
    START
    + """
fill.BATCH = 16
plain = encoder.encode_image
def encode_image(images):
    time.sleep(0.02)
    print("batch", flush=True)
    return plain(images)
encoder.encode_image = encode_image
Index(db).add(Listed(folder), encoder)
"""
)
# searches that make the matrix anew each time, and indexing that writes it and the graph
CACHES = (
    START
    + """
import os, pathlib
matrix.WORTH = 0.0
flush = os.fsync
def fsync(file):
    print("writing", flush=True)
    time.sleep(0.03)
    flush(file)
os.fsync = fsync
new = pathlib.Path(folder, "white-square.png")
drawn = new.read_bytes()
for turn in range(10**6):
    pathlib.Path(db + "-vectors").unlink(missing_ok=True)
    Index(db, approximate_from=50).search([1.0, 0.5, 0.0], 5)
    # whole, so that only our own files can be cut
    pathlib.Path(db + "-drawn").write_bytes(drawn + b" " * (1 + turn % 2))
    pathlib.Path(db + "-drawn").replace(new)
    Index(db, approximate_from=50).add(Listed(folder), encoder)
"""
)


def started(script, db, folder):
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(db), str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    return process


def killed(process, lines, delay):
    """Reads `lines` of its output, waits and kills it; fails where it had ended by itself."""
    for _ in range(lines):
        assert process.stdout.readline(), process.stderr.read()
    time.sleep(delay)
    assert process.poll() is None, "it ended before it was killed"
    process.kill()
    process.communicate()


def whole(db, count=None):
    """Asserts that nothing is doubled or half-written, and `count` pictures where it is given; returns the count."""
    with closing(sqlite3.connect(db)) as connection:

        def one(query):
            return connection.execute(query).fetchone()[0]

        assert one("PRAGMA integrity_check") == "ok" and not connection.execute("PRAGMA foreign_key_check").fetchall()
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        connection.rollback()
        pictures = one("SELECT count(*) FROM picture")
        assert one("SELECT count(*) FROM words_docsize") == pictures == one("SELECT count(DISTINCT place) FROM picture")
        assert one("SELECT count(*) FROM picture JOIN content USING (hash) JOIN vector USING (hash)") == pictures
        assert one("SELECT count(*) FROM vector WHERE length(data) != 12") == 0
        assert one("SELECT count(*) FROM vector") == one("SELECT count(*) FROM content WHERE thumb IS NOT NULL")
        assert one("SELECT count(*) FROM picture WHERE called = ''") == 0
    assert count is None or pictures == count
    return pictures


def answers(db, encoder, count):
    """Asserts that a search gives every picture once, by vectors and by words."""
    with Index(db) as index:
        for hits in (index.search_text("red", encoder, 9999), index.search([1.0, 0.5, 0.0], 9999)):
            assert len({hit.id for hit in hits}) == len({hit.path for hit in hits}) == len(hits) == count
            assert [hit.rank for hit in hits] == list(range(1, count + 1))
            assert all(-1.001 < hit.score < 1.001 for hit in hits)


def paint_many(folder, painted, count):
    for number in range(count):
        painted(folder / f"{number // 250}" / f"{number:04}-red.png", "red", shade=(number % 256, number // 256, 7))


@POSIX
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("kills", "count"), [(5, 700), pytest.param(20, 2000, marks=pytest.mark.slow)])
def test_kills_of_indexing_lose_double_and_halve_nothing(tmp_path, folder, painted, encoder, listed, kills, count):
    paint_many(folder, painted, count - 5)
    db, moments, done = tmp_path / "a.db", random.Random(20), [0]
    for _ in range(kills):
        killed(started(INDEX, db, folder), moments.randint(1, 6), moments.random() * 0.04)
        done.append(whole(db))
        if done[-1]:
            answers(db, encoder, done[-1])
    assert done == sorted(done) and count / 8 < done[-1] < count  # it went on, and was killed midway every time
    with Index(db) as index:
        report = index.add(listed(folder), encoder)
    assert (report.embedded, encoder.seen) == (count - done[-1], count - done[-1])  # nothing is embedded twice
    assert report.unchanged == done[-1] and report.bad == {}
    whole(db, count)
    answers(db, encoder, count)
    with Index(db) as index:
        again = index.add(listed(folder), encoder)
        assert (again.unchanged, again.embedded) == (count, 0)


@POSIX
def test_kills_while_the_caches_are_written_leave_whole_caches_or_none(tmp_path, folder, painted, encoder, listed):
    paint_many(folder, painted, 300)
    db, moments = tmp_path / "a.db", random.Random(8)
    with Index(db, approximate_from=50) as index:
        index.add(listed(folder), encoder)
    cut = with_graph = 0
    for _ in range(8):
        killed(started(CACHES, db, folder), moments.randint(1, 6), moments.random() * 0.05)
        whole(db, 305)
        cut += bool(list(tmp_path.glob(".a.db-*.tmp")))
        cache = db.with_name("a.db-vectors")
        assert not cache.exists() or cache.stat().st_size == HEADER + 305 * (16 + 4 * 3)
        near_file = near.path_of(db)
        with Index(db, approximate_from=50) as index:
            with_graph += index.about().approximate is not None
            assert len({hit.id for hit in index.search([1.0, 0.5, 0.0], 9999)}) == 305
            stamp = index._caches._matrix._held.stamp
        assert (near.recall_of(near_file, stamp) is None) == (near.opened(near_file, stamp) is None)
        answers(db, encoder, 305)
    assert cut and with_graph  # some kills did meet a file half written, some a graph in use
    with Index(db, approximate_from=50) as index:
        index.add(listed(folder), encoder)
        assert index.about().approximate is not None


@pytest.mark.parametrize("slow_reading", [False, True])
def test_searches_while_another_process_indexes_are_whole(
    tmp_path, folder, painted, encoder, listed, slow_reading, monkeypatch
):
    if slow_reading:
        # as in a large library: the older matrix answers most of the time
        monkeypatch.setattr(matrix, "QUICK", 0.0)
        monkeypatch.setattr(matrix, "BUSY", 50)
    with Index(tmp_path / "a.db") as index:
        index.add(listed(folder), encoder)
        paint_many(folder, painted, 500)
        (folder / "blue-square.png").unlink()
        process = started(INDEX, index.path, folder)
        with closing(sqlite3.connect(index.path)) as other:
            counted = []
            while process.poll() is None:
                before = other.execute("SELECT count(*) FROM picture").fetchone()[0]
                every = index.search([1.0, 0.5, 0.0], 9999)
                with Index(index.path) as fresh:
                    new = fresh.search_text("red", encoder, 9999)
                after = other.execute("SELECT count(*) FROM picture").fetchone()[0]
                for hits in (every, new):
                    assert len({hit.path for hit in hits}) == len(hits)
                    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
                # the last thing it does is to remove the picture that is gone
                assert before - 1 <= len(new) <= after + 1
                assert slow_reading or before - 1 <= len(every) <= after + 1
                assert len(index.search_text("red square", encoder, 5)) == 5
                assert index.search_text("red square", encoder, 5)[0].name == "red-square"
                assert len(index.thumbs(every[:3])) == 3
                counted.append(len(new))
        _, said = process.communicate()
        assert process.returncode == 0, said
        assert len(set(counted)) > 5  # it was seen to grow
        monkeypatch.undo()
        index.close()
        assert len(index.search([1.0, 0.5, 0.0], 9999)) == 504


@POSIX
def test_a_full_disk_is_said_and_loses_nothing(tmp_path, folder, painted, encoder, listed):
    db = tmp_path / "a.db"
    with Index(db) as index:
        index.add(listed(folder), encoder)
    for number in range(60):
        painted(folder / f"{number:02}.png", "red", shade=number + 10)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
    process = started(limit + INDEX, db, folder)
    _, said = process.communicate(timeout=60)
    assert process.returncode and "OSError" in said and "a.db" in said, said
    with Index(db) as index:
        assert len(index.search_text("red", encoder, 999)) >= 5
        index.add(listed(folder), encoder)
        assert len(index.search_text("red", encoder, 999)) == 65
