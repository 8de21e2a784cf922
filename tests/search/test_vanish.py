"""Folders, disks and files that go away while they are indexed or between two runs."""

import shutil

import pytest

from sightline.data.sample import Sample
from sightline.data.sources.folder import open_folder
from sightline.search.index import Index


@pytest.fixture
def db(tmp_path):
    with Index(tmp_path / "a.db") as index:
        yield index


def names(db):
    return sorted(hit.name for hit in db.browse(99))


@pytest.mark.parametrize("opened", ["listed", "folder"])
def test_a_folder_that_vanishes_midway_is_said_and_nothing_is_removed(
    db, folder, encoder, listed, painted, opened, monkeypatch
):
    monkeypatch.setattr("sightline.search.fill.fill.BATCH", 2)
    for number in range(20):
        painted(folder / f"p{number:02}.png", "red", shade=30 + number)
    for file in list(folder.iterdir()):  # captions of their own, whose files vanish too
        file.with_suffix(".txt").write_text("a caption") if opened == "folder" else None

    def source():
        return listed(folder) if opened == "listed" else open_folder(folder)

    def vanishing(done, total):
        if done == 9:
            shutil.rmtree(folder)

    with pytest.raises(ValueError, match=f"{folder} vanished while .* stays.* sightline index .*a.db '{folder}'"):
        db.add(source(), encoder, progress=vanishing)
    kept = names(db)
    assert 2 <= len(kept) < 25
    assert len(db.search_text("red", encoder, 99)) == len(kept)
    for colour in ("red", "blue"):
        painted(folder / f"{colour}-square.png", colour, shade=9)
    db.add(source(), encoder)
    assert names(db) == ["blue-square", "red-square"]  # now they are known to be gone


def test_an_index_that_was_whole_stays_whole_when_the_folder_vanishes(db, folder, encoder, listed):
    db.add(listed(folder), encoder)
    source = listed(folder)
    shutil.rmtree(folder)
    for call in (db.add, db.rebuild):
        with pytest.raises(ValueError, match="vanished while it was indexed"):
            call(source, encoder)
    assert len(names(db)) == 5 and len(db.search_text("red", encoder, 99)) == 5


def test_a_folder_that_is_suddenly_empty_empties_no_index(db, folder, encoder, listed):
    db.add(listed(folder), encoder)
    for file in folder.iterdir():
        file.unlink()
    for call in (db.add, db.rebuild):
        with pytest.raises(ValueError, match=f"{folder} holds no pictures now, and .*a.db has 5 of it. Nothing was"):
            call(listed(folder), encoder)
    with pytest.raises(ValueError, match="holds no pictures"):
        db.add(open_folder(folder), encoder)
    assert len(names(db)) == 5


def test_one_empty_source_of_several_is_refused_too(db, tmp_path, folder, encoder, listed, painted):
    from sightline.data.sources.mixture import Mixture

    painted(tmp_path / "more" / "x.png", "green")
    db.add(Mixture([listed(folder), listed(tmp_path / "more")]), encoder)
    (tmp_path / "more" / "x.png").unlink()
    with pytest.raises(ValueError, match="more holds no pictures now, and .*a.db has 1 of it"):
        db.add(Mixture([listed(folder), listed(tmp_path / "more")]), encoder)
    assert len(names(db)) == 6
    # leaving it out of a rebuild is how it goes
    assert db.rebuild(listed(folder), encoder).removed == 1


def test_some_files_that_vanish_midway_are_named(db, folder, encoder, listed, painted):
    db.add(listed(folder), encoder)
    source = listed(folder)
    (folder / "red-square.png").unlink()
    (folder / "blue-square.png").unlink()
    report = db.add(source, encoder)
    assert sorted(report.bad) == [str(folder / f"{colour}-square.png") for colour in ("blue", "red")]
    assert report.removed == 0 and len(names(db)) == 5


def test_a_sample_that_cannot_be_handed_out_loses_nothing(db, folder, encoder, listed, monkeypatch):
    db.add(listed(folder), encoder)
    plain = listed.__getitem__

    def broken(self, index):
        if index == 2:
            raise PermissionError(13, "Permission denied", "its caption")
        return plain(self, index)

    monkeypatch.setattr(listed, "__getitem__", broken)
    report = db.add(listed(folder), encoder)
    assert list(report.bad) == [f"{folder}#2"] and report.removed == 0 and len(names(db)) == 5
    monkeypatch.setattr(listed, "__getitem__", plain)
    assert db.add(listed(folder), encoder).unchanged == 5


def test_an_archive_that_vanishes_midway_loses_nothing(db, tmp_path, encoder):
    archive = tmp_path / "a.tar"
    archive.write_bytes(b"packed")

    class Packed:
        has, classes, name = frozenset({"image"}), (), str(archive)

        def __len__(self):
            return 6

        def __getitem__(self, index):
            if not archive.exists():
                raise FileNotFoundError(2, "No such file or directory", str(archive))
            bar = f'<rect width="{index + 1}" height="9"/>'
            drawn = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{bar}</svg>'
            return Sample(key=str(index), image=drawn.encode())

    db.add(Packed(), encoder)
    archive.unlink()
    with pytest.raises(ValueError, match="a.tar vanished while it was indexed"):
        db.add(Packed(), encoder)
    assert len(names(db)) == 6
