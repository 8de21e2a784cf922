"""What may be removed: unreadable is not deleted, whatever made it unreadable."""

import os
import shutil
from collections import Counter

import numpy as np
import pytest

from sightline.data.sample import BadSample, Sample
from sightline.data.sources.folder import open_folder
from sightline.search.fill.gone import Kept, Walk, below, split_unseen
from sightline.search.index import Index
from sightline.search.row import Row


@pytest.fixture
def db(tmp_path):
    with Index(tmp_path / "a.db") as index:
        yield index


@pytest.fixture
def library(tmp_path, painted):
    """Two years of pictures, the later one with an album of its own."""
    root = tmp_path / "pics"
    for number, place in enumerate(("2020/beach", "2020/tree", "2021/cat", "2021/dog", "2021/album/bird")):
        painted(root / f"{place}.png", "red", shade=number)
    return root


def names(db):
    return sorted(hit.name for hit in db.browse(99))


ALL = ["beach", "bird", "cat", "dog", "tree"]


def kept(report):
    return [(os.path.basename(some.place), some.count) for some in report.kept]


class Unread:
    """A source that could not look everywhere, and says where not."""

    has, classes = frozenset({"image"}), ()

    def __init__(self, inner, *unread, leave=""):
        self.inner, self.name, self.unread = inner, inner.name, tuple(map(str, unread))
        self.at = [i for i in range(len(inner)) if not leave or leave not in str(inner[i].image)]

    def __len__(self):
        return len(self.at)

    def __getitem__(self, index):
        return self.inner[self.at[index]]


def test_a_subfolder_that_its_source_could_not_read_keeps_its_pictures(db, library, encoder):
    db.add(open_folder(library), encoder)
    for _ in range(2):
        report = db.add(Unread(open_folder(library), library / "2021", leave="2021"), encoder)
        assert names(db) == ALL and kept(report) == [("2021", 3)] and report.removed == 0
    report = db.add(open_folder(library), encoder)
    assert (report.unchanged, report.kept) == (5, [])


def test_an_unread_folder_says_nothing_of_one_whose_name_begins_alike(db, library, encoder, painted):
    painted(library / "2021b" / "fox.png", "red", shade=40)
    db.add(open_folder(library), encoder)
    (library / "2021b" / "fox.png").unlink()
    (library / "2021b").rmdir()
    report = db.add(Unread(open_folder(library), library / "2021", leave="2021"), encoder)
    assert names(db) == ALL and kept(report) == [("2021", 3)] and report.removed == 1


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_a_file_that_nobody_may_look_for_is_not_deleted(db, library, encoder, monkeypatch, error):
    """As a folder without permission and a dead network disk answer, whatever the source made of them."""
    db.add(open_folder(library), encoder)
    source, plain = Unread(open_folder(library), leave="2021"), os.stat

    def stat(path, *args, **named):
        if isinstance(path, str | os.PathLike) and "2021" in os.fspath(path):
            raise error
        return plain(path, *args, **named)

    monkeypatch.setattr(os, "stat", stat)
    report = db.add(source, encoder)
    monkeypatch.undo()
    assert names(db) == ALL and report.removed == 0
    assert kept(report) == [("2021", 2), ("album", 1)] and error.strerror in report.kept[0].why


@pytest.mark.parametrize("left", [[], ["desktop.ini", "readme.txt"]])
def test_a_subfolder_that_is_suddenly_without_pictures_keeps_them_until_it_goes_itself(db, library, encoder, left):
    """An unmounted disk leaves the folder it was mounted at."""
    db.add(open_folder(library), encoder)
    shutil.rmtree(library / "2021")
    (library / "2021").mkdir()
    for name in left:
        (library / "2021" / name).write_text("left")
    for _ in range(2):
        report = db.add(open_folder(library), encoder)
        assert names(db) == ALL and kept(report) == [("2021", 3)] and "not mounted" in report.kept[0].why
    shutil.rmtree(library / "2021")
    report = db.add(open_folder(library), encoder)
    assert names(db) == ["beach", "tree"] and report.removed == 3 and report.kept == []


def test_a_mount_point_deep_inside_keeps_what_lay_below_it(db, library, encoder):
    db.add(open_folder(library), encoder)
    (library / "2021" / "album" / "bird.png").unlink()
    report = db.add(open_folder(library), encoder)
    assert names(db) == ALL and kept(report) == [("album", 1)]


def test_pictures_deleted_beside_others_are_gone(db, library, encoder):
    db.add(open_folder(library), encoder)
    (library / "2021" / "cat.png").unlink()
    (library / "2020" / "tree.png").unlink()
    report = db.add(open_folder(library), encoder)
    assert names(db) == ["beach", "bird", "dog"] and (report.removed, report.kept) == (2, [])


def test_pictures_moved_out_of_a_folder_that_stays_empty_are_moved(db, library, encoder):
    db.add(open_folder(library), encoder)
    encoder.seen = 0
    for name in ("cat", "dog"):
        (library / "2021" / f"{name}.png").rename(library / "2020" / f"{name}.png")
    (library / "2021" / "album" / "bird.png").rename(library / "2020" / "bird.png")
    report = db.add(open_folder(library), encoder)
    assert (report.moved, report.removed, report.kept, encoder.seen) == (3, 0, [], 0)
    assert len(names(db)) == 5 and all("2020" in hit.path for hit in db.browse(9))


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_into_a_disk_that_is_not_there_keep_their_pictures(db, tmp_path, library, encoder, listed):
    disk = tmp_path / "disk"
    (library / "2021").rename(disk)
    (library / "2021").symlink_to(disk)

    class Followed(listed):
        def __init__(self, folder):
            super().__init__(folder)
            self.files += sorted((folder / "2021").rglob("*.png")) if (folder / "2021").is_dir() else []

    db.add(Followed(library), encoder)
    assert names(db) == ALL
    disk.rename(tmp_path / "elsewhere")
    source = Followed(library)
    source.files = [file for file in source.files if file.suffix and file.is_file()]
    report = db.add(source, encoder)
    assert names(db) == ALL and kept(report) == [("2021", 3)]


class Archive:
    """Pictures inside a tar, as many as could be read of it."""

    has, classes = frozenset({"image"}), ()

    def __init__(self, path, count, unread=(), broken=()):
        self.name, self.count, self.unread, self.broken = str(path), count, unread, broken

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index in self.broken:
            raise BadSample("malformed json")
        return Sample(key=f"k{index}", image=np.full((5, 6 + index, 3), index, np.uint8))


@pytest.mark.parametrize("name", ["ten.tar", "{000..001}.tar", "ten.tar?n=10"])
def test_a_cut_archive_removes_nothing(db, tmp_path, encoder, name):
    path = tmp_path / name
    (tmp_path / "ten.tar").write_bytes(b"packed")
    db.add(Archive(path, 10), encoder)
    report = db.add(Archive(path, 2, unread=(str(tmp_path / "ten.tar"),)), encoder)
    assert db.about().pictures == 10 and report.removed == 0 and kept(report) == [("ten.tar", 8)]
    assert db.add(Archive(path, 9), encoder).removed == 1  # one that is whole says what it has


def test_records_that_cannot_be_named_may_be_any_that_was_not_seen(db, tmp_path, encoder):
    (tmp_path / "ten.tar").write_bytes(b"packed")
    db.add(Archive(tmp_path / "ten.tar", 10), encoder)
    report = db.add(Archive(tmp_path / "ten.tar", 10, broken={3, 4}), encoder)
    assert db.about().pictures == 10 and len(report.bad) == 2 and kept(report) == [("ten.tar", 2)]


def test_a_table_with_bad_rows_loses_no_picture_that_is_there(db, tmp_path, library, encoder, listed):
    db.add(listed(library), encoder)

    class Cut(listed):
        def __getitem__(self, index):
            if index >= 2:
                raise BadSample(f"row {index + 1}: no picture")
            return super().__getitem__(index)

    report = db.add(Cut(library), encoder)
    assert names(db) == ALL and sum(some.count for some in report.kept) == 3 and report.removed == 0


def test_a_table_whose_pictures_lie_on_a_disk_that_is_gone_keeps_them(db, tmp_path, library, encoder, listed):
    class Table(listed):
        name = str(tmp_path / "t.csv")

        def __init__(self, folder):
            super().__init__(folder)
            self.name = str(tmp_path / "t.csv")

    (tmp_path / "t.csv").write_text("image")
    db.add(Table(library), encoder)
    source = Table(library)
    library.rename(tmp_path / "unmounted")
    with pytest.raises(ValueError, match="vanished while it was indexed. What was indexed stays"):
        db.add(source, encoder)
    library.mkdir()
    report = db.add(source, encoder)
    assert names(db) == ALL and report.removed == 0 and len(report.bad) == 5


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), RuntimeError("402 Payment Required")])
def test_a_stream_that_breaks_off_removes_nothing_and_says_so(db, encoder, error):
    class Remote:
        name, has, classes, whole = "s3://pictures", frozenset({"image"}), (), True

        def epoch(self, seed, epoch, skip=0):
            for i in range(4):
                if i == 2 and not self.whole:
                    raise error
                yield Sample(key=str(i), image=np.full((4, 4, 3), 40 * i, np.uint8))

    remote = Remote()
    db.add(remote, encoder)
    remote.whole = False
    with pytest.raises(OSError, match="reset|broke off after 2 samples .*402"):
        db.add(remote, encoder)
    assert len(names(db)) == 4


def test_a_shard_of_a_stream_that_was_cut_is_known_at_the_end(db, encoder):
    class Remote:
        name, has, classes, count, unread = "s3://pictures", frozenset({"image"}), (), 4, ()

        def epoch(self, seed, epoch, skip=0):
            for i in range(self.count):
                yield Sample(key=str(i), image=np.full((4, 4, 3), 40 * i, np.uint8))
            self.unread = ("s3://pictures",) if self.count < 4 else ()

    remote = Remote()
    db.add(remote, encoder)
    remote.count = 1
    assert kept(db.add(remote, encoder)) == [("pictures", 3)] and len(names(db)) == 4


def test_a_rebuild_is_refused_while_pictures_cannot_be_read(db, library, encoder, colours):
    db.add(open_folder(library), encoder)
    other = colours(identity="turned", name="runs/other", turn=1)
    with pytest.raises(ValueError, match="3 pictures of .* could not be embedded again.*--drop '.*2021'"):
        db.rebuild(Unread(open_folder(library), library / "2021", leave="2021"), other)
    assert len(db.search_text("red", encoder, 9)) == 5
    db.drop(str(library / "2021"))
    db.rebuild(Unread(open_folder(library), library / "2021", leave="2021"), other)
    assert len(db.search_text("red", other, 9)) == 2


def row(place, source="/p", hash_="00"):
    path = None if "#" in place else place
    return Row(place, source, "k", path, "n", "[]", "", "", "", hash_, 1, 1)


def test_as_many_rows_of_an_empty_folder_move_as_places_came(tmp_path):
    """Two copies lay on a disk that is away now, one elsewhere is new: one was moved perhaps, the other is kept."""
    (tmp_path / "2021").mkdir()
    rows = [row(str(tmp_path / "2021" / name), str(tmp_path)) for name in ("a.png", "b.png")]
    found = split_unseen(rows, Walk(seen={str(tmp_path / "c.png")}), Counter({"00": 1}))
    assert [gone.place for gone in found.gone] == [rows[0].place] and found.hollow == rows[1:]
    assert found.kept == [Kept(str(tmp_path / "2021"), 1, found.kept[0].why)]


def test_below_goes_by_whole_names():
    assert below("/a/b", "/a") and below("/a", "/a") and below("/a/b", "/a/") and below("/x", "/")
    assert not below("/ab", "/a") and not below("/", "/a")
