import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sightline.search.index import Index

SCRIPT = """
import sys, time
sys.path.insert(0, {tests!r})
from conftest import Colours, Listed
import sightline.search.fill as fill
from sightline.search.index import Index
fill.BATCH = 4
slow = Colours()
plain = slow.encode_image
def encode_image(images):
    time.sleep(0.02)
    print("batch", flush=True)
    return plain(images)
slow.encode_image = encode_image
Index({db!r}).add(Listed({folder!r}), slow)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_a_killed_indexing_leaves_a_whole_index_that_the_next_run_completes(tmp_path, folder, painted, encoder, listed):
    for number in range(60):
        painted(folder / f"{number:02}.png", "red", shade=number + 10)
    db = tmp_path / "a.db"
    script = SCRIPT.format(tests=str(Path(__file__).parent), db=str(db), folder=str(folder))
    counts = [0]
    for batches in (2, 3, 4):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(batches):
            process.stdout.readline()
        time.sleep(0.005 * batches)
        process.kill()
        process.wait()
        process.stdout.close()
        with Index(db) as index:
            hits = index.search_text("red", encoder, 999)
            assert all(hit.score > -1.1 for hit in hits) and len({hit.path for hit in hits}) == len(hits)
            counts.append(len(hits))
    assert counts == sorted(counts) and 0 < counts[-1] < 65  # it went on, and was really killed midway
    with Index(db) as index:
        encoder.seen = 0
        index.add(listed(folder), encoder)
        assert encoder.seen == 65 - counts[-1]  # nothing is embedded twice
        assert len(index.search_text("red", encoder, 999)) == 65
    connection = sqlite3.connect(db)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("SELECT count(*) FROM vector").fetchone() == (65,)
    connection.close()


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_full_disk_is_said_and_loses_nothing(tmp_path, folder, painted, encoder, listed):
    db = tmp_path / "a.db"
    with Index(db) as index:
        index.add(listed(folder), encoder)
    for number in range(60):
        painted(folder / f"{number:02}.png", "red", shade=number + 10)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (90_000, resource.RLIM_INFINITY))\n"
    script = SCRIPT.format(tests=str(Path(__file__).parent), db=str(db), folder=str(folder))
    done = subprocess.run([sys.executable, "-c", limit + script], capture_output=True, text=True, timeout=60)
    assert done.returncode and "OSError" in done.stderr and "a.db" in done.stderr, done.stderr
    with Index(db) as index:
        assert len(index.search_text("red", encoder, 999)) >= 5
        index.add(listed(folder), encoder)
        assert len(index.search_text("red", encoder, 999)) == 65
