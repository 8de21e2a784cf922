"""Single pictures: what is known of them, their neighbours, their thumbnails and their own bytes."""

import gzip
import io
import os
import sys

import numpy as np
import pytest
from PIL import Image

from sightline.data.sample import Sample
from sightline.search import read
from sightline.search.fill.picture import SOURCE_BYTES
from sightline.search.index import Index

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="#f00"/>%s</svg>'


class Mixed:
    """What it is given: bytes, arrays, files."""

    has, classes, name = frozenset({"image"}), (), "mixed"

    def __init__(self, *images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return Sample(key=f"k/{index}", image=self.images[index], captions=(f"number {index}",))


@pytest.fixture
def db(tmp_path, folder, encoder, listed):
    with Index(tmp_path / "a.db") as index:
        index.add(listed(folder), encoder)
        yield index


def id_of(db, name):
    return next(hit.id for hit in db.browse(99) if hit.name == name)


def test_browsing_goes_through_everything_once_in_the_order_of_indexing(db, folder, encoder, listed):
    (folder / "aaa-bad.png").write_bytes(b"no picture")
    db.add(listed(folder), encoder)
    first = db.browse(2)
    rest = db.browse(99, after=first[-1].id)
    assert [hit.name for hit in first + rest] == [f.stem for f in listed(folder).files if f.stem != "aaa-bad"]
    assert {(hit.score, hit.match) for hit in first + rest} == {(0.0, "")}
    assert [hit.rank for hit in rest] == [1, 2, 3] and db.browse(5, after=10**6) == []


def test_a_picture_is_described(db, folder):
    found = db.picture(id_of(db, "red-square"))
    assert (found.path, found.key) == (str(folder / "red-square.png"), "red-square.png")
    assert (found.name, found.captions, found.source) == ("red-square", ("red square",), str(folder))
    assert (found.width, found.height, found.svg) == (16, 12, False)


def test_neighbours_are_those_of_the_stored_vector_without_the_picture_itself(db, folder, encoder, listed, painted):
    painted(folder / "ruby.png", "red", shade=60)
    (folder / "twin.png").write_bytes((folder / "red-square.png").read_bytes())
    db.add(listed(folder), encoder)
    red = id_of(db, "red-square")
    found = db.similar(red, 99)
    assert len(found) == 6 and red not in {hit.id for hit in found}
    assert [hit.name for hit in found[:2]] == ["twin", "ruby"] and [hit.rank for hit in found] == [1, 2, 3, 4, 5, 6]
    assert db.similar(red, 1)[0].score == pytest.approx(1.0) and {hit.match for hit in found} == {"picture"}


def test_unknown_pictures_are_said(db, folder, encoder, listed):
    for call in (db.picture, db.similar, db.original, db.thumb):
        for id in (0, -1, 10**9):
            with pytest.raises(ValueError, match=f"a.db has no picture {id}"):
                call(id)
    bad = folder / "bad.png"
    bad.write_bytes(b"no picture")
    db.add(listed(folder), encoder)
    with pytest.raises(ValueError, match="that could be used: not a picture"):
        db.picture(6)


def test_the_original_is_the_file_byte_for_byte(db, folder):
    id = id_of(db, "red-square")
    assert db.original(id) == ((folder / "red-square.png").read_bytes(), "image/png")


@pytest.mark.parametrize(
    ("ending", "kind", "media"),
    [
        ("jpg", "JPEG", "image/jpeg"),
        ("webp", "WEBP", "image/webp"),
        ("gif", "GIF", "image/gif"),
        ("png", "TIFF", "image/tiff"),
    ],
)
def test_media_types_are_those_of_the_content(tmp_path, encoder, listed, ending, kind, media):
    (tmp_path / "p").mkdir()
    Image.new("RGB", (9, 9), "red").save(tmp_path / "p" / f"a.{ending}", format=kind)
    with Index(tmp_path / "m.db") as index:
        index.add(listed(tmp_path / "p"), encoder)
        assert index.original(1)[1] == media


def test_svgs_with_and_without_a_file(tmp_path, encoder, listed):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.svg").write_bytes(SVG % b"")
    (tmp_path / "p" / "b.svgz").write_bytes(gzip.compress(SVG % b"<!-- zipped -->"))
    small, packed, large = SVG % b"<!-- small -->", gzip.compress(SVG % b"<!-- in an archive -->"), SVG % b""
    large = large.replace(b"</svg>", b"<!--" + b"x" * SOURCE_BYTES + b"--></svg>")
    with Index(tmp_path / "s.db") as index:
        index.add(listed(tmp_path / "p"), encoder)
        index.add(Mixed(small, packed, large, np.zeros((4, 4, 3), np.uint8), _png()), encoder)
        given = [index.original(id) for id in (1, 2, 3, 4)]
        assert {media for _, media in given} == {"image/svg+xml"}
        assert given[0][0] == SVG % b"" and given[1][0] == SVG % b"<!-- zipped -->"
        assert given[2][0] == small and given[3][0] == SVG % b"<!-- in an archive -->"
        assert [index.picture(id).svg for id in range(1, 8)] == [True] * 5 + [False] * 2
        for id in (5, 6, 7):
            with pytest.raises(ValueError, match="of mixed has no file of its own"):
                index.original(id)
            assert index.thumb(id)[1] == "image/webp"


def _png():
    out = io.BytesIO()
    Image.new("RGB", (5, 5), "blue").save(out, format="PNG")
    return out.getvalue()


def test_only_what_was_indexed_is_ever_given(db, folder, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(_png())
    file = folder / "red-square.png"
    id, whole = id_of(db, "red-square"), file.read_bytes()

    def refused(why):
        with pytest.raises(ValueError, match=f"{why}.*Index again: sightline index .*a.db"):
            db.original(id)

    file.unlink()
    refused("No such file")
    file.symlink_to(secret)
    refused("is not the picture that was indexed")
    file.unlink()
    file.mkdir()
    refused("")
    file.rmdir()
    file.write_bytes(whole + b"\0")
    refused("is not the picture that was indexed")
    file.write_bytes(b"")
    refused("is not the picture that was indexed")
    file.unlink()
    elsewhere = tmp_path / "moved.png"
    elsewhere.write_bytes(whole)
    file.symlink_to(elsewhere)
    assert db.original(id)[0] == whole  # the same bytes are the picture


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices are POSIX")
def test_a_pipe_or_a_device_in_its_place_is_not_waited_for(db, folder):
    file = folder / "red-square.png"
    id = id_of(db, "red-square")
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(ValueError, match="not a plain file any more"):
        db.original(id)
    file.unlink()
    file.symlink_to("/dev/zero")
    with pytest.raises(ValueError, match="not a plain file any more"):
        db.original(id)


def test_photographs_have_small_thumbnails_and_drawings_exact_ones(tmp_path, encoder, listed):
    (tmp_path / "p").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    photo = Image.fromarray(noise).resize((900, 600), Image.Resampling.BICUBIC)
    photo.save(tmp_path / "p" / "a.jpg", quality=95)
    drawing = np.zeros((256, 256, 4), np.uint8)
    drawing[64:128, 64:128] = (200, 10, 20, 128)
    Image.fromarray(drawing).save(tmp_path / "p" / "b.png")
    with Index(tmp_path / "t.db") as index:
        index.add(listed(tmp_path / "p"), encoder)
        photo_thumb, drawing_thumb = (Image.open(io.BytesIO(index.thumb(id)[0])) for id in (1, 2))
        assert photo_thumb.size == (256, 171) and len(index.thumb(1)[0]) < 12_000
        seen = np.asarray(drawing_thumb)
        assert (seen[..., 3] == drawing[..., 3]).all()
        assert (seen[drawing[..., 3] > 0] == drawing[drawing[..., 3] > 0]).all()


def test_results_read_in_several_queries_are_those_of_one(db, encoder, monkeypatch):
    whole = db.search_text("red", encoder, k=100_000)
    assert len(whole) == 5 and read.TOGETHER <= 999
    monkeypatch.setattr(read, "TOGETHER", 2)
    assert db.search_text("red", encoder, k=100_000) == whole
