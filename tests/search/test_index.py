import io
import os
import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from sightline.data.sample import BadSample, Sample
from sightline.data.sources.folder import open_folder
from sightline.data.sources.mixture import Mixture
from sightline.search.index import Index
from sightline.search.schema import MIGRATIONS


def near(db, text, encoder, k):
    """By the vectors alone: these pictures are named after their first colour."""
    return db.search(encoder.encode_text([text])[0], k)


@pytest.fixture
def db(tmp_path):
    with Index(tmp_path / "a.db") as index:
        yield index


def names(hits):
    return [hit.name for hit in hits]


def stored(db):
    """Every picture with its vector and what was counted as whole: {name: vector bytes}."""
    with sqlite3.connect(db.path) as connection:
        rows = connection.execute("SELECT name, data FROM picture JOIN vector USING (hash)").fetchall()
    connection.close()
    assert len(rows) == len({row[0] for row in rows})
    return dict(rows)


def test_words_and_pictures_find_the_picture(db, folder, encoder, listed):
    report = db.add(listed(folder), encoder)
    assert (report.added, report.embedded, report.bad) == (5, 5, {})
    hits = db.search_text("something red", encoder, k=2)
    assert hits[0].name == "red-square" and hits[0].captions == ("red square",)
    assert (hits[0].rank, hits[0].width, hits[0].height) == (1, 16, 12)
    assert hits[0].path == str(folder / "red-square.png") and hits[0].score > hits[1].score
    assert names(db.search_image(folder / "blue-square.png", encoder, k=1)) == ["blue-square"]
    assert len(db.search_text("red", encoder, k=99)) == 5


def test_scores_are_the_cosines_of_a_loop(db, folder, encoder, listed):
    db.add(listed(folder), encoder)
    query = encoder.encode_text(["green"])[0]
    for hit in db.search(query, 5):
        vector = encoder.encode_image([hit.path])[0]
        cosine = vector @ query / np.linalg.norm(vector) / np.linalg.norm(query)
        assert hit.score == pytest.approx(float(cosine), abs=2e-6)


def test_equal_pictures_come_in_the_order_of_indexing(db, tmp_path, encoder, listed, painted):
    for number in range(7):
        painted(tmp_path / "p" / f"{number}.png", "red")
    db.add(listed(tmp_path / "p"), encoder)
    assert names(db.search_text("red", encoder, 5)) == ["0", "1", "2", "3", "4"]
    assert encoder.seen == 1  # copies are not embedded again


def test_a_second_run_opens_no_file(db, folder, encoder, listed, monkeypatch):
    db.add(listed(folder), encoder)
    monkeypatch.setattr(Sample, "content", lambda self: pytest.fail(f"{self.key} was read"))
    again = db.add(listed(folder), encoder)
    assert (again.unchanged, again.embedded, again.added) == (5, 0, 0)


def test_new_changed_moved_touched_copied_and_vanished_pictures(db, folder, encoder, listed, painted):
    db.add(listed(folder), encoder)
    before = stored(db)
    painted(folder / "new-red.png", "red", shade=77)
    painted(folder / "green-square.png", "blue", shade=78)
    (folder / "blue-square.png").rename(folder / "sea.png")
    os.utime(folder / "black-square.png", (1, 1))
    (folder / "copy.png").write_bytes((folder / "black-square.png").read_bytes())
    (folder / "white-square.png").unlink()
    encoder.seen = 0
    report = db.add(listed(folder), encoder)
    counts = (report.added, report.changed, report.moved, report.removed, report.unchanged)
    assert counts == (2, 1, 1, 1, 2) and report.embedded == encoder.seen == 2
    after = stored(db)
    assert set(after) == {"new-red", "green-square", "sea", "black-square", "copy", "red-square"}
    assert after["sea"] == before["blue-square"] and after["copy"] == before["black-square"]
    assert after["green-square"] != before["green-square"]
    with sqlite3.connect(db.path) as connection:
        for table in ("content", "vector"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 5  # two share one
    connection.close()
    assert names(near(db, "green", encoder, 1)) != ["green-square"]


def test_a_copy_of_what_a_changed_file_was_keeps_the_right_vector(db, folder, encoder, listed, painted):
    db.add(listed(folder), encoder)
    old = stored(db)["black-square"]
    (folder / "zz-copy.png").write_bytes((folder / "black-square.png").read_bytes())
    painted(folder / "black-square.png", "red", shade=5)
    db.add(listed(folder), encoder)
    assert stored(db)["zz-copy"] == old != stored(db)["black-square"]


def test_bad_pictures_are_named_and_the_rest_is_found(db, folder, encoder, listed, painted):
    whole = (folder / "red-square.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[:50])
    (folder / "empty.png").write_bytes(b"")
    (folder / "words.png").write_text("no picture")
    (folder / "jpeg-really.jpg").write_bytes(whole)
    report = db.add(listed(folder), encoder)
    assert set(report.bad) == {"cut.png", "empty.png", "words.png"} and report.added == 6
    assert (db.about().pictures, db.about().bad) == (6, 3)
    painted(folder / "cut.png", "green", shade=9)
    report = db.add(listed(folder), encoder)
    assert set(report.bad) == {"empty.png", "words.png"} and report.changed == 1 and report.unchanged == 6
    assert "cut" in names(db.search_text("green", encoder, 2))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_file_name_that_is_no_utf8_is_named_and_the_rest_is_found(db, folder, encoder):
    (folder / "red-square.png").rename(folder / "\udcff-red.png")
    report = db.add(open_folder(folder), encoder)
    (reason,) = report.bad.values()
    assert reason == "\\udcff-red.png: its name is not UTF-8; rename it" and report.added == 4


def test_a_file_that_vanishes_while_indexing_keeps_its_row_until_the_next_run(db, folder, encoder, listed):
    db.add(listed(folder), encoder)
    source = listed(folder)
    (folder / "red-square.png").unlink()
    report = db.add(source, encoder)
    assert list(report.bad) == [str(folder / "red-square.png")] and report.removed == 0
    assert "red-square" in names(db.search_text("red", encoder, 1))
    assert db.add(listed(folder), encoder).removed == 1


def test_several_captions_of_one_file_are_one_picture(db, folder, encoder, listed):
    class Twice(listed):
        def __len__(self):
            return 2 * len(self.files)

        def __getitem__(self, index):
            caption = f"caption {index // len(self.files)}"
            return Sample(key=str(index), image=self.files[index % len(self.files)], captions=(caption, "both"))

    for _ in range(2):
        report = db.add(Twice(folder), encoder)
        assert db.about().pictures == 5
        assert db.search_text("red", encoder, 1)[0].captions == ("caption 0", "both", "caption 1")
    assert report.unchanged == 5


def test_captions_follow_the_source_without_embedding(db, folder, encoder, listed, monkeypatch):
    db.add(listed(folder), encoder)
    encoder.seen = 0
    plain = listed.__getitem__
    monkeypatch.setattr(
        listed, "__getitem__", lambda self, i: Sample(plain(self, i).key, plain(self, i).image, ("renamed",))
    )
    db.add(listed(folder), encoder)
    assert encoder.seen == 0 and db.search_text("red", encoder, 1)[0].captions == ("renamed",)


class Packed:
    """Pictures that are no files."""

    has, classes, name = frozenset({"image"}), (), "packed?n=3"

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        if self.images[index] is None:
            raise BadSample("cut record")
        return Sample(key=f"k/{index}", image=self.images[index])


def test_sources_share_an_index_and_vanish_apart(db, folder, encoder, listed):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="#f00"/></svg>'
    array = np.zeros((5, 6, 3), np.uint8)
    report = db.add(Mixture([listed(folder), Packed([svg, array, None])]), encoder)
    assert db.about().pictures == 7 and db.about().sources == tuple(sorted([str(folder), "packed?n=3"]))
    assert list(report.bad.values()) == ["cut record"]
    best = near(db, "red", encoder, 1)[0]
    assert (best.path, best.key, best.width) == (None, "k/0", None)
    assert db.add(Packed([svg]), encoder).removed == 1
    assert db.about().pictures == 6 and db.add(Packed([svg]), encoder).unchanged == 1


def test_a_stream_is_read_in_order(db, folder, encoder, listed):
    class Remote:
        name, has, classes = "s3://pictures", frozenset({"image"}), ()

        def epoch(self, seed, epoch, skip=0):
            for i in range(3):
                yield Sample(key=str(i), image=listed(folder)[i].image.read_bytes())

    seen = []
    assert db.add(Remote(), encoder, progress=lambda done, total: seen.append((done, total))).added == 3
    assert seen == [(1, None), (2, None), (3, None)]


def test_thumbnails_are_small_and_keep_transparency(db, tmp_path, encoder, listed):
    pixels = np.zeros((40, 400, 4), np.uint8)
    pixels[10:30, 100:300] = (255, 0, 0, 255)
    (tmp_path / "p").mkdir()
    Image.fromarray(pixels).save(tmp_path / "p" / "bar.png")
    db.add(listed(tmp_path / "p"), encoder)
    thumb = Image.open(io.BytesIO(db.thumbs(db.search_text("red", encoder, 1))[0]))
    assert (thumb.format, thumb.mode, thumb.size) == ("WEBP", "RGBA", (256, 26))
    assert np.asarray(thumb)[..., 3].min() == 0 and np.asarray(thumb)[..., 3].max() == 255


def test_another_encoder_is_refused_with_the_command_that_indexes_again(db, folder, encoder, listed, colours):
    db.add(listed(folder), encoder)
    other = colours(identity="turned", name="runs/other", turn=1)
    for call in (
        lambda: db.add(listed(folder), other),
        lambda: db.search_text("red", other),
        lambda: db.search_image(folder / "red-square.png", other),
    ):
        with pytest.raises(ValueError, match=f"sightline index .*a.db '{folder}' --encoder runs/other --rebuild"):
            call()
    with pytest.raises(ValueError, match="has no identity"):
        Index(db.path.with_name("b.db")).add(listed(folder), colours(identity=""))


def test_rebuilding_changes_the_encoder_and_drops_what_is_not_in_the_source(db, folder, encoder, listed, colours):
    db.add(Packed([np.zeros((4, 4, 3), np.uint8)]), encoder)
    db.add(listed(folder), encoder)
    other = colours(identity="turned", name="runs/other", turn=1)
    report = db.rebuild(listed(folder), other)
    assert (report.embedded, report.removed, db.about().identity) == (5, 1, "turned")
    assert names(db.search_text("red", other, 1)) == ["red-square"]
    assert len(stored(db)) == 5
    with pytest.raises(ValueError, match="--rebuild"):
        db.search_text("red", encoder)


def test_a_rebuild_that_fails_leaves_the_old_vectors_answering(db, folder, encoder, listed, colours, monkeypatch):
    monkeypatch.setattr("sightline.search.fill.fill.BATCH", 2)
    db.add(listed(folder), encoder)
    other = colours(identity="turned", name="runs/other", turn=1)
    plain = other.encode_image

    def failing(images):
        if other.seen >= 2:
            raise RuntimeError("out of memory")
        return plain(images)

    other.encode_image = failing
    with pytest.raises(RuntimeError):
        db.rebuild(listed(folder), other)
    assert names(db.search_text("red", encoder, 1)) == ["red-square"]
    other.encode_image = plain
    assert db.rebuild(listed(folder), other).embedded == 3  # goes on where it stopped


def test_a_search_sees_what_another_connection_added(db, folder, encoder, listed, painted):
    db.add(listed(folder), encoder)
    with Index(db.path) as reader:
        assert len(reader.search_text("red", encoder, 99)) == 5
        painted(folder / "more.png", "red", shade=50)
        db.add(listed(folder), encoder)
        assert len(reader.search_text("red", encoder, 99)) == 6


def test_many_threads_search_one_index_while_another_adds_to_it(db, folder, encoder, listed, painted, colours):
    db.add(listed(folder), encoder)
    for number in range(150):
        painted(folder / f"{number:03}.png", "red", shade=number)
    stop = threading.Event()

    def searching(number):
        mine, sizes = colours(), []
        while not stop.is_set() or not sizes:
            hits = (
                db.search_text("red", mine, 999)
                if number % 2
                else db.search_image(folder / "red-square.png", mine, 999)
            )
            assert len({hit.id for hit in hits}) == len(hits)
            assert len(db.thumbs(hits[:2])) == 2 and db.similar(hits[0].id, 3) and db.about().pictures >= 5
            sizes.append(len(hits))
        return sizes

    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(searching, number) for number in range(4)]
        db.add(listed(folder), encoder)
        stop.set()
        assert all(result.result() == sorted(result.result()) for result in results)
    assert len(db.search_text("red", encoder, 999)) == 155


@pytest.mark.parametrize("query", ["", "   ", "\n\t", "\u200b"])
def test_an_empty_query_is_refused(db, folder, encoder, listed, query):
    db.add(listed(folder), encoder)
    with pytest.raises(ValueError, match="the query is empty"):
        db.search_text(query, encoder)


@pytest.mark.parametrize("query", ["red " * 2500, "🦊🔴", "red\udcff", '"red" OR NEAR(*', "красный"])
def test_any_other_query_is_answered(db, folder, encoder, listed, query):
    db.add(listed(folder), encoder)
    assert len(db.search_text(query, encoder, 3)) == 3


def test_bad_vectors_and_counts_are_refused(db, folder, encoder, listed):
    db.add(listed(folder), encoder)
    with pytest.raises(ValueError, match="k must be at least 1"):
        db.search(np.ones(3), 0)
    with pytest.raises(ValueError, match="k must be at least 1"):
        db.browse(-1)
    with pytest.raises(ValueError, match="the query has 4 numbers"):
        db.search(np.ones(4))
    with pytest.raises(ValueError, match="not finite"):
        db.search(np.array([1.0, np.nan, 0.0]))


def test_files_that_are_no_index_of_this_version_are_refused(tmp_path, encoder, listed, folder):
    path = tmp_path / "x.db"
    with pytest.raises(ValueError, match="there is no index at .*sightline index"):
        Index(path).search(np.ones(3))
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(ValueError, match="damaged or not an index"):
        Index(path).about()
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE mine (a)")
    other.close()
    with pytest.raises(ValueError, match="another program"):
        Index(path).add(listed(folder), encoder)
    path.unlink()
    with Index(path) as index:
        index.add(listed(folder), encoder)
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    with pytest.raises(ValueError, match="reads up to"):
        Index(path).about()


def test_a_cut_file_is_said_to_be_damaged(db, folder, encoder, listed):
    db.add(listed(folder), encoder)
    db.close()
    whole = db.path.read_bytes()
    db.path.write_bytes(whole[: len(whole) // 3])
    with pytest.raises(ValueError, match="damaged or not an index"):
        db.search_text("red", encoder)


def test_an_index_that_was_made_and_never_filled_says_so(db, tmp_path, encoder, listed):
    (tmp_path / "nothing").mkdir()
    assert db.add(listed(tmp_path / "nothing"), encoder).added == 0
    assert db.search_text("red", encoder) == []
