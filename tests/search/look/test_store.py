"""Pictures of an index of an earlier version are measured by what it kept of them."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from sightline.search.index import Index
from sightline.search.look.store import measure_older
from sightline.search.schema import connect

SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="24" height="12" viewBox="0 0 2 1">
<path fill="#00f" d="M0 0h1v1z"/></svg>"""


@pytest.fixture
def indexed(tmp_path, folder, listed, encoder):
    """The path of an index of five squares, a drawing and a photograph of a kind."""
    (folder / "drawn.svg").write_text(SVG)
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (300, 400, 3)).astype(np.uint8)).save(folder / "noise.jpg")
    with Index(tmp_path / "a.db") as index:
        index.add(listed(folder), encoder)
    return tmp_path / "a.db"


def read(path):
    with closing(sqlite3.connect(path)) as connection:
        looks = {row[0]: row[1:] for row in connection.execute("SELECT * FROM look")}
        colours = connection.execute("SELECT hash, number, name, share FROM colour ORDER BY hash, number").fetchall()
    return looks, colours


def as_before(path):
    """The tables as version 7 had them."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE look")
        connection.execute("DROP TABLE colour")
        connection.execute("PRAGMA user_version = 7")
        connection.commit()


def test_every_picture_has_a_look_and_loses_it_with_its_place(indexed, folder, listed, encoder):
    looks, colours = read(indexed)
    assert len(looks) == 7 and {hash_ for hash_, *_ in colours} == set(looks)
    drawing = next(look for look in looks.values() if look[0] == "svg")
    assert drawing[1:3] == (24, 12)
    (folder / "drawn.svg").unlink()
    with Index(indexed) as index:
        index.add(listed(folder), encoder)
    assert len(read(indexed)[0]) == 6 and {hash_ for hash_, *_ in read(indexed)[1]} == set(read(indexed)[0])


def test_an_older_index_is_measured_by_its_thumbnails_without_the_encoder(indexed, folder, listed, encoder):
    fresh, colours = read(indexed)
    as_before(indexed)
    encoder.seen = 0
    with Index(indexed) as index:
        with pytest.raises(ValueError, match="colour: no picture of .* was measured for this yet"):
            index.browse(9, where="colour=red")
        assert len(index.browse(9, where="size>0")) == 7
        report = index.add(listed(folder), encoder)
        assert (report.unchanged, report.embedded, encoder.seen) == (7, 0, 0)
        assert [hit.name for hit in index.browse(9, where="colour=red")] == ["red-square"]
        assert [hit.own for hit in index.browse(9, where="type=svg and width=24")] == [(24, 12)]
        assert [hit.name for hit in index.browse(9, where="type=jpeg")] == ["noise"]
    again, others = read(indexed)
    for hash_, (*known, alike, pixels) in fresh.items():
        assert again[hash_][:-2] == tuple(known)
        assert np.abs(np.frombuffer(again[hash_][-2], np.uint8).astype(int) - np.frombuffer(alike, np.uint8)).max() <= 6
        # only what was kept without loss has the pixels that it had
        assert again[hash_][-1] == (None if known[0] == "jpeg" else pixels)
    drawn = [row for row in colours if fresh[row[0]][0] != "jpeg"]
    assert drawn == [row for row in others if fresh[row[0]][0] != "jpeg"]


def test_a_file_that_was_exchanged_says_nothing_of_the_drawing_that_was_indexed(indexed, folder, listed, encoder):
    as_before(indexed)
    (folder / "drawn.svg").write_text(SVG.replace("24", "99"))
    with closing(connect(indexed)) as connection:
        assert measure_older(connection) and not measure_older(connection)
    assert next(look for look in read(indexed)[0].values() if look[0] == "svg")[1:3] == (None, None)


def test_some_that_were_not_measured_are_left_out_and_counted(indexed, folder, encoder):
    with closing(sqlite3.connect(indexed)) as connection:
        connection.execute("DELETE FROM look WHERE hash IN (SELECT hash FROM picture WHERE name LIKE 're%')")
        connection.commit()
    with Index(indexed) as index:
        found = index.answer("square", encoder, where="type=png")
        assert found.unmeasured == 1 and "red-square" not in [hit.name for hit in found.hits]
        assert index.answer("square", encoder, where="size>0").unmeasured == 0
