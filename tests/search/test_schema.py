"""Files of version 1, of newer versions and of others."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from sightline.search.fill.picture import fingerprint
from sightline.search.index import Index
from sightline.search.schema import APPLICATION, MIGRATIONS, connect, plain_errors

VERSION_1 = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE picture (
            id INTEGER PRIMARY KEY, place TEXT NOT NULL UNIQUE, source TEXT NOT NULL, key TEXT NOT NULL, path TEXT,
            name TEXT NOT NULL, captions TEXT NOT NULL, hash TEXT NOT NULL, size INTEGER NOT NULL,
            mtime INTEGER NOT NULL)""",
    "CREATE INDEX picture_source ON picture (source)",
    "CREATE INDEX picture_hash ON picture (hash)",
    "CREATE TABLE content (hash TEXT PRIMARY KEY, width INTEGER, height INTEGER, thumb BLOB, bad TEXT)",
    "CREATE TABLE encoder (id INTEGER PRIMARY KEY, name TEXT NOT NULL, identity TEXT NOT NULL UNIQUE, dim INTEGER)",
    """CREATE TABLE vector (
            hash TEXT NOT NULL, encoder_id INTEGER NOT NULL REFERENCES encoder (id) ON DELETE CASCADE,
            data BLOB NOT NULL, PRIMARY KEY (hash, encoder_id))""",
)


@pytest.fixture
def version_1(tmp_path, folder, encoder):
    """The five pictures of `folder` as version 1 stored them."""
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    for statement in VERSION_1:
        connection.execute(statement)
    connection.execute("INSERT INTO encoder VALUES (1, 'colours', 'colours', 3)")
    connection.execute("INSERT INTO meta VALUES ('encoder', '1')")
    for id, file in enumerate(sorted(folder.iterdir()), start=10):
        data, stat = file.read_bytes(), file.stat()
        vector = encoder.encode_image([file])[0]
        row = (id, str(file), str(folder), file.name, str(file), "paintedSquare_" + file.stem)
        texts = json.dumps([file.stem.replace("-", " "), "éclair of colour"], ensure_ascii=False)
        connection.execute(
            "INSERT INTO picture (id, place, source, key, path, name, captions, hash, size, mtime) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, texts, fingerprint(data), stat.st_size, stat.st_mtime_ns),
        )
        connection.execute("INSERT INTO content VALUES (?, 16, 12, ?, NULL)", (fingerprint(data), data))
        unit = (vector / np.linalg.norm(vector)).astype("<f4")
        connection.execute("INSERT INTO vector VALUES (?, 1, ?)", (fingerprint(data), unit.tobytes()))
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute("PRAGMA user_version = 1")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.commit()
    connection.close()
    encoder.seen = 0
    return path


def dump(path, columns):
    with sqlite3.connect(path) as connection:
        rows = {
            table: connection.execute(f"SELECT {names} FROM {table}").fetchall() for table, names in columns.items()
        }
    connection.close()
    return rows


def test_a_file_of_version_1_keeps_everything_and_is_searched_by_words(version_1, folder, encoder, listed):
    old = {
        "picture": "id, place, source, key, path, name, captions, hash, size, mtime",
        "content": "hash, width, height, thumb, bad",
        "vector": "hash, encoder_id, data",
        "encoder": "*",
    }
    before = dump(version_1, old)
    with Index(version_1) as index:
        assert index.about().pictures == 5
        assert dump(version_1, old) == before
        assert index.search_text("painted square red-square", encoder)[0].match == "name"
        assert index.search_text("red square", encoder)[0].match == "name"
        assert {hit.match for hit in index.search_text("eclairs", encoder)} <= {"words", "both"}
        assert index.thumb(10)[1] == "image/png" and index.original(10)[1] == "image/png"
        report = index.add(listed(folder), encoder)
        assert (report.unchanged, encoder.seen) == (5, 0)
        # names and captions are those of the source by now, and the words with them
        assert index.search_text("painted square red-square", encoder)[0].match != "name"
        assert index.search_text("red square", encoder)[0].match == "name"


def test_a_migration_that_fails_leaves_the_file_as_it_was(version_1, monkeypatch):
    before = dump(version_1, {"sqlite_master": "*", "picture": "*"})
    monkeypatch.setattr("sightline.search.schema.MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE broken (",)))
    with pytest.raises(OSError, match="syntax error|incomplete"):
        connect(version_1)
    assert dump(version_1, {"sqlite_master": "*", "picture": "*"}) == before
    monkeypatch.undo()
    with Index(version_1) as index:
        assert index.about().pictures == 5


def test_sqlite_without_fts5_is_said_and_the_file_stays(version_1, monkeypatch):
    without = tuple(
        tuple(statement.replace("USING fts5", "USING fts55") for statement in statements) for statements in MIGRATIONS
    )
    monkeypatch.setattr("sightline.search.schema.MIGRATIONS", without)
    with pytest.raises(ValueError, match="needs SQLite with FTS5 .* Use a Python from"):
        connect(version_1)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="needs SQLite with FTS5"), plain_errors(version_1):
        raise sqlite3.OperationalError("no such module: fts5")
    assert Index(version_1).about().pictures == 5


def test_words_follow_every_way_a_row_can_change(version_1):
    with Index(version_1) as index:
        index.about()
    connection = connect(version_1)
    find = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid"

    def found(word):
        return [row[0] for row in connection.execute(find, (f'"{word}"',))]

    connection.execute("UPDATE picture SET called = 'boat' WHERE id = 10")
    connection.execute("UPDATE picture SET mtime = 0")
    assert found("boat") == [10] and 10 not in found("square")
    connection.execute("UPDATE picture SET id = 77 WHERE id = 10")
    assert found("boat") == [77]
    connection.execute("DELETE FROM picture WHERE id = 77")
    assert found("boat") == [] and len(found("square")) == 4
    connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
    connection.close()


@pytest.mark.parametrize("old", [True, False])
def test_many_that_open_a_file_at_once_make_it_once(version_1, old, tmp_path):
    def use(path):
        with closing(connect(path)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
            return connection.execute("SELECT value FROM meta WHERE key = 'library'").fetchone()

    with ThreadPoolExecutor(6) as pool:
        for number in range(10):
            path = tmp_path / f"{number}.db"
            if old:
                path.write_bytes(version_1.read_bytes())
            assert len(set(pool.map(use, [path] * 6))) == 1


def test_a_folder_in_the_place_of_an_index_is_told_as_one(tmp_path):
    with pytest.raises(OSError, match="is a folder; an index is one file, for instance .*index.db"):
        connect(tmp_path)
