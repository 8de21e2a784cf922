"""Files of every earlier version: they answer at once, lose nothing, and the next indexing gives them what is new."""

import json
import sqlite3
from contextlib import closing

import pytest

from sightline.data.array import unit
from sightline.search.fill.picture import fingerprint
from sightline.search.index import Index
from sightline.search.schema import APPLICATION, MIGRATIONS

VERSIONS = range(1, len(MIGRATIONS))


@pytest.fixture(params=VERSIONS)
def older(request, tmp_path, folder, encoder):
    """(version, the file) of the five pictures of `folder` as that version stored them."""
    path, version = tmp_path / "older.db", request.param
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name, count in (("v1_called", 2), ("v1_said", 1), ("v4_within", 3)):
            connection.create_function(name, count, lambda *_: "")  # what they would bring up to date is not there yet
        for statement in (statement for statements in MIGRATIONS[:version] for statement in statements):
            connection.execute(statement)
        connection.execute("INSERT INTO encoder VALUES (1, 'colours', 'colours', 3)")
        connection.execute("INSERT INTO meta VALUES ('encoder', '1')")
        for file in sorted(folder.iterdir()):
            data, stat = file.read_bytes(), file.stat()
            line = file.stem.replace("-", " ")
            row = {"place": str(file), "source": str(folder), "key": file.name, "path": str(file), "name": file.stem}
            row |= {"captions": json.dumps([line]), "hash": fingerprint(data)}
            row |= {"size": stat.st_size, "mtime": stat.st_mtime_ns}
            row |= {"called": line} if version >= 2 else {}
            row |= {"within": "pictures"} if version >= 4 else {}
            insert(connection, "picture", row)
            insert(connection, "content", {"hash": row["hash"], "width": 16, "height": 12, "thumb": data})
            vector = {"hash": row["hash"], "encoder_id": 1, "data": as_stored(encoder.encode_image([file]))}
            insert(connection, "vector", vector)
            if version >= 5:
                text = {"line": line, "encoder_id": 1, "data": as_stored(encoder.encode_text([line]))}
                insert(connection, "text_vector", text)
        if version >= 5:
            connection.execute("INSERT INTO meta VALUES ('words_encoder', '1')")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {version}")
    encoder.seen = 0
    return version, path


def insert(connection, table, row):
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def as_stored(vectors):
    return unit(vectors)[0].astype("<f4").tobytes()


def test_an_older_file_answers_at_once_and_compares_words_with_words_after_the_next_indexing(
    older, folder, encoder, listed
):
    version, path = older
    with Index(path) as index:
        before = index.search_text("red square", encoder)
        assert [before[0].name, before[0].match] == ["red-square", "name"] and len(before) == 5
        assert [(hit.line is not None) for hit in before] == [version >= 5] * 5
        assert index.search_text("something blue", encoder)[0].name == "blue-square"
        if version < 4:  # the folder is a word since version 4, for the pictures of older files too
            assert {hit.name for hit in index.search_text("in:pictures", encoder)} == {hit.name for hit in before}
        assert index.search_text("sqare", encoder) and index.answer_text("sqare", encoder).suggestion == "square"
        report = index.add(listed(folder), encoder)
        assert (report.unchanged, report.added, report.removed, encoder.seen) == (5, 0, 0, 0)
        after = index.search_text("red square", encoder)
        assert {(hit.id, hit.score) for hit in after} == {(hit.id, hit.score) for hit in before}
        assert [hit.line for hit in after][:1] == ["red square"] and all(hit.line for hit in after)
        assert all(hit.said is not None for hit in index.search_text("something blue", encoder))


def test_an_older_file_answers_while_it_is_indexed_again(older, folder, encoder, listed, painted):
    _, path = older
    painted(folder / "red-circle.png", "red", shade=90)
    heard = []
    with Index(path) as index, Index(path) as other:
        index.add(listed(folder), encoder, progress=lambda *_: heard.append(other.search_text("red", encoder)))
        assert heard and all({"red-square"} <= {hit.name for hit in hits} for hits in heard)
        assert {hit.name for hit in other.search_text("red", encoder)[:2]} == {"red-square", "red-circle"}
