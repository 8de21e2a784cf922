"""The index finds a picture by the words that its file carries, which belong to its bytes wherever it lies."""

import json
import sqlite3

import pytest
from metadata import app13, iim, jpeg, packet, resource, segment

from sightline.data.sample import Sample
from sightline.data.sources.folder import open_folder
from sightline.search.blind import Blind
from sightline.search.index import Index

IPTC = app13(resource(0x0404, iim((120, b"A walk by the lake"), (25, b"zeppelin"))))


@pytest.fixture
def library(folder):
    (folder / "IMG_2041.jpg").write_bytes(jpeg(IPTC))
    return folder


@pytest.fixture
def db(tmp_path):
    with Index(tmp_path / "a.db") as index:
        yield index


def first(db, encoder, query):
    hit = db.search_text(query, encoder, k=1)[0]
    return hit.key, hit.captions


def changed(db, statement):
    with sqlite3.connect(db.path) as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("query", ["zeppelin", "A walk by the lake", "lake"])
def test_a_picture_is_found_by_its_own_keyword_and_caption(db, library, encoder, query):
    db.add(open_folder(library), encoder)
    assert first(db, encoder, query) == ("IMG_2041.jpg", ("A walk by the lake", "zeppelin"))


def test_words_beside_a_picture_come_before_those_inside(db, library, encoder):
    (library / "IMG_2041.txt").write_text("Shore")
    db.add(open_folder(library), encoder)
    assert first(db, encoder, "zeppelin")[1] == ("Shore", "A walk by the lake", "zeppelin")


def test_a_moved_file_and_a_copy_keep_them(db, library, encoder):
    db.add(open_folder(library), encoder)
    (library / "IMG_2041.jpg").rename(library / "DSC_1.jpg")
    report = db.add(open_folder(library), encoder)
    assert (report.moved, report.embedded) == (1, 0)
    assert first(db, encoder, "zeppelin") == ("DSC_1.jpg", ("A walk by the lake", "zeppelin"))
    (library / "DSC_2.jpg").write_bytes((library / "DSC_1.jpg").read_bytes())
    assert db.add(open_folder(library), encoder).embedded == 0
    assert all(hit.captions[-1] == "zeppelin" for hit in db.search_text("zeppelin", encoder, k=2))


def test_words_that_are_edited_in_the_file_replace_the_old(db, library, encoder):
    db.add(open_folder(library), encoder)
    (library / "IMG_2041.jpg").write_bytes(jpeg(xmp=packet("<dc:title>Balloon over water</dc:title>")))
    assert db.add(open_folder(library), encoder).changed == 1
    assert first(db, encoder, "balloon") == ("IMG_2041.jpg", ("Balloon over water",))


def test_an_index_that_never_looked_reads_every_file_once_more_and_embeds_nothing(db, library, encoder, monkeypatch):
    db.add(open_folder(library), encoder)
    seen = encoder.seen
    changed(db, "UPDATE content SET words = NULL")
    changed(db, "UPDATE picture SET captions = '[]', called = 'img 2041', said = '' WHERE key LIKE 'IMG%'")
    report = db.add(open_folder(library), encoder)
    assert (report.unchanged, report.embedded, encoder.seen) == (6, 0, seen)
    assert first(db, encoder, "zeppelin") == ("IMG_2041.jpg", ("A walk by the lake", "zeppelin"))
    monkeypatch.setattr(Sample, "content", lambda self: pytest.fail(f"{self.key} was read"))
    db.add(open_folder(library), encoder)


def test_a_rebuild_keeps_them(db, library, encoder, colours):
    db.add(open_folder(library), encoder)
    other = colours("other", "other", turn=1)
    db.rebuild(open_folder(library), other)
    assert first(db, other, "zeppelin")[1] == ("A walk by the lake", "zeppelin")
    with sqlite3.connect(db.path) as connection:
        words = [json.loads(row[0]) for row in connection.execute("SELECT words FROM content")]
    connection.close()
    assert sorted(words) == [[[], []]] * 5 + [[["A walk by the lake"], ["zeppelin"]]]


def test_a_hostile_block_keeps_no_picture_out(db, library, encoder):
    broken = segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff") + app13(b"8BIM\4\4\0\0\xff\xff\xff\xff" + bytes(9))
    (library / "red-fox.jpg").write_bytes(jpeg(broken))
    report = db.add(open_folder(library), encoder)
    assert not report.bad and first(db, encoder, "red fox")[0] == "red-fox.jpg"


def test_an_index_without_an_encoder_reads_them_too(db, library):
    db.add(open_folder(library), Blind())
    assert first(db, Blind(), "zeppelin")[0] == "IMG_2041.jpg"
