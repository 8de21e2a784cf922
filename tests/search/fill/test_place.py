"""Sources that are moved or dropped, and paths that lead nowhere."""

import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from sightline.data.sample import Sample
from sightline.data.sources.folder import open_folder
from sightline.data.sources.source import open_source
from sightline.search.fill.place import absolute
from sightline.search.index import Index


@pytest.fixture
def db(tmp_path):
    with Index(tmp_path / "a.db") as index:
        yield index


@pytest.fixture
def moved(tmp_path, db, folder, encoder):
    """An index of five pictures whose folder is at another place since; gives both places."""
    db.add(open_folder(folder), encoder)
    new = tmp_path / "disk" / "pictures"
    new.parent.mkdir()
    folder.rename(new)
    encoder.seen = 0
    return folder, new


def paths(db):
    return sorted(hit.path for hit in db.browse(99))


def counted(db):
    """Rows of every table that belong to pictures."""
    with closing(sqlite3.connect(db.path)) as connection:
        return [connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("picture", "content", "vector")]


def test_a_moved_source_has_its_new_places_and_nothing_is_embedded_again(db, moved, encoder):
    old, new = moved
    ids = {hit.id for hit in db.search_text("red", encoder, 9)}
    done = db.move(str(old), str(new))
    assert (done.count, done.merged) == (5, 0)
    assert {hit.id for hit in db.search_text("red", encoder, 9)} == ids
    assert db.about().sources == (str(new),) and all(path.startswith(str(new)) for path in paths(db))
    assert db.original(min(ids))[1] == "image/png"
    report = db.add(open_folder(new), encoder)
    assert (report.unchanged, report.added, encoder.seen) == (5, 0, 0)


def test_a_place_is_named_as_a_person_would(db, moved, monkeypatch, tmp_path):
    old, new = moved
    monkeypatch.chdir(tmp_path)
    assert db.move("pictures/", "disk/../disk/pictures/").count == 5
    assert db.about().sources == (str(new),)
    assert db.drop("./disk/pictures") == 5 and counted(db) == [0, 0, 0]


def test_built_in_sources_are_places_of_their_own_and_an_icon_set_is_one_on_disk(db, encoder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = "grammars:test?level=1&n=3&seed=0"
    assert absolute(f"{made}::scenes?n=2::iconify:sets/mdi.json?words=off") == (
        f"{made}::scenes?n=2::iconify:{tmp_path / 'sets' / 'mdi.json'}?words=off"
    )
    for added, unchanged in ((3, 0), (0, 3)):
        report = db.add(open_source("grammars:test?n=3"), encoder)
        assert (report.added, report.unchanged) == (added, unchanged)
    assert db.about().sources == (made,) and db.drop(made) == 3


def test_a_disk_that_moves_takes_all_that_lies_on_it(db, tmp_path, encoder, painted):
    disk = tmp_path / "disk"
    for number, place in enumerate(("a/red.png", "b/blue.png", "other/green.png")):
        painted(disk / place, "red", shade=number)
    (disk / "t.csv").write_text("image,caption\nother/green.png,leaf\n")
    for src in (str(disk / "a"), f"{disk / 'b'}?n=1", str(disk / "t.csv")):
        db.add(open_source(src), encoder)
    disk.rename(tmp_path / "new")
    assert db.move(str(disk), str(tmp_path / "new")).count == 3
    new = tmp_path / "new"
    assert db.about().sources == tuple(sorted([str(new / "a"), f"{new / 'b'}?n=1", str(new / "t.csv")]))
    assert paths(db) == sorted(str(new / place) for place in ("a/red.png", "b/blue.png", "other/green.png"))
    for src in db.about().sources:
        assert db.add(open_source(src), encoder).unchanged == 1


def test_a_disk_whose_name_begins_alike_stays(db, tmp_path, encoder, painted):
    for name in ("disk", "disk2"):
        painted(tmp_path / name / "a.png", "red", shade=len(name))
        db.add(open_folder(tmp_path / name), encoder)
    (tmp_path / "disk").rename(tmp_path / "new")
    assert db.move(str(tmp_path / "disk"), str(tmp_path / "new")).count == 1
    assert db.about().sources == (str(tmp_path / "disk2"), str(tmp_path / "new"))
    assert db.drop(str(tmp_path / "new")) == 1 and paths(db) == [str(tmp_path / "disk2" / "a.png")]


def test_a_table_takes_the_pictures_along_that_moved_with_it(db, tmp_path, encoder, painted):
    painted(tmp_path / "old" / "img" / "a.png", "red")
    painted(tmp_path / "stays" / "b.png", "blue")
    (tmp_path / "old" / "t.csv").write_text(f"image,caption\nimg/a.png,one\n{tmp_path / 'stays' / 'b.png'},two\n")
    db.add(open_source(str(tmp_path / "old" / "t.csv")), encoder)
    (tmp_path / "old").rename(tmp_path / "new")
    assert db.move(str(tmp_path / "old" / "t.csv"), str(tmp_path / "new" / "t.csv")).count == 2
    assert paths(db) == sorted([str(tmp_path / "new" / "img" / "a.png"), str(tmp_path / "stays" / "b.png")])
    assert db.add(open_source(str(tmp_path / "new" / "t.csv")), encoder).unchanged == 2


class Archive:
    has, classes = frozenset({"image"}), ()

    def __init__(self, path):
        self.name = str(path)

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return Sample(key=f"k{index}", image=np.full((5, 6 + index, 3), 90 * index, np.uint8))


def test_an_archive_that_moves_takes_its_pictures_along(db, tmp_path, encoder):
    old, new = tmp_path / "a.tar", tmp_path / "b.tar"
    old.write_bytes(b"packed")
    db.add(Archive(old), encoder)
    old.rename(new)
    assert db.move(str(old), str(new)).count == 3
    assert db.add(Archive(new), encoder).unchanged == 3 and db.about().sources == (str(new),)
    assert db.drop(str(new)) == 3


def test_moving_to_where_it_was_indexed_already_leaves_one_of_each(db, moved, encoder):
    old, new = moved
    db.add(open_folder(new), encoder)
    assert db.about().pictures == 10 and encoder.seen == 0
    done = db.move(str(old), str(new))
    assert (done.count, done.merged) == (0, 5) and db.about().pictures == 5 and counted(db) == [5, 5, 5]
    assert all(path.startswith(str(new)) for path in paths(db))


def test_moving_one_folder_of_a_source_keeps_the_source(db, folder, encoder):
    db.add(open_folder(folder), encoder)
    (folder / "sub").mkdir()
    for file in list(folder.glob("*.png")):
        file.rename(folder / "sub" / file.name)
    assert db.move(str(folder), str(folder / "sub")).count == 5
    (folder / "sub").rename(folder / "deeper")
    assert db.move(str(folder / "sub"), str(folder / "deeper")).count == 5
    assert all("deeper" in path for path in paths(db))


@pytest.mark.parametrize("call", ["drop", "move"])
def test_what_is_not_in_the_index_is_answered_with_what_is(db, folder, encoder, call):
    with pytest.raises(ValueError, match="there is no index at"):
        getattr(db, call)(*["x", "y"][: 1 + (call == "move")])
    db.add(open_folder(folder), encoder)
    db.add(Archive("packed?n=3"), encoder)
    with pytest.raises(ValueError, match=f"a.db has nothing of nowhere; its sources: {folder}; packed.n=3"):
        getattr(db, call)(*["nowhere", "y"][: 1 + (call == "move")])
    assert counted(db) == [8, 8, 8]


def test_a_move_to_where_nothing_of_it_lies_is_refused(db, moved, tmp_path):
    old, new = moved
    before = counted(db), paths(db)
    for wrong in (tmp_path / "nothing", new.parent):
        with pytest.raises(ValueError, match=f"none of the 5 pictures of {old} is at {wrong}: .* Nothing was"):
            db.move(str(old), str(wrong))
    assert (counted(db), paths(db)) == before


def test_dropping_one_source_keeps_what_the_others_share_with_it(db, tmp_path, folder, encoder):
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "red-square.png").unlink()
    db.add(open_folder(folder), encoder)
    db.add(open_folder(tmp_path / "copy"), encoder)
    db.drop(str(folder))
    assert counted(db) == [4, 4, 4] and db.about().sources == (str(tmp_path / "copy"),)
    with Index(db.path) as other:
        assert len(other.search_text("red", encoder, 9)) == 4


def test_a_source_is_dropped_by_its_own_name_alone(db, folder, encoder):
    """`pictures` and `pictures?n=2` are two sources of one folder."""
    db.add(open_source(str(folder)), encoder)
    db.add(open_source(f"{folder}?n=2"), encoder)  # which takes two of them over
    assert db.drop(f"{folder}?n=2") == 2 and db.about().sources == (str(folder),)
    assert db.drop(str(folder)) == 3


def test_a_lost_path_never_stands_before_a_living_copy(db, moved, encoder):
    old, new = moved
    db.add(open_folder(new), encoder)
    for hits in (db.search_text("red square", encoder, 99), db.search([1.0, 0.5, 0.2], 99), db.browse(99)):
        assert len(hits) == 5 and all(hit.path.startswith(str(new)) for hit in hits)
        assert [hit.rank for hit in hits] in ([1, 2, 3, 4, 5],)
    first = db.search_text("red square", encoder, 1)[0]
    assert first.name == "red-square" and first.match == "name" and first.path == str(new / "red-square.png")
    near = db.similar(first.id, 99)
    assert len(near) == 4 and first.id not in {hit.id for hit in near}


def test_asking_for_more_goes_on_where_lost_copies_are_left_out(db, moved, encoder):
    _, new = moved
    db.add(open_folder(new), encoder)
    whole = [hit.id for hit in db.search_text("red", encoder, 5)]
    assert [[hit.id for hit in db.search_text("red", encoder, k)] for k in (1, 2, 3, 4)] == [
        whole[:1],
        whole[:2],
        whole[:3],
        whole[:4],
    ]


def test_a_living_copy_of_another_name_is_found_by_the_name_that_is_lost(db, moved, encoder):
    old, new = moved
    (new / "red-square.png").rename(new / "ruby.png")
    db.add(open_folder(new), encoder)
    hits = db.search_text("red square", encoder, 99)
    assert (hits[0].name, hits[0].match) == ("ruby", "name") and len(hits) == 5


def test_lost_pictures_without_a_copy_are_still_found(db, moved, encoder):
    old, _ = moved
    hits = db.search_text("red", encoder, 99)
    assert len(hits) == 5 and hits[0].path == str(old / "red-square.png")


def test_copies_that_are_there_are_all_shown(db, folder, encoder):
    shutil.copy(folder / "red-square.png", folder / "copy.png")
    db.add(open_folder(folder), encoder)
    assert len(db.search_text("red", encoder, 99)) == 6 and len(db.browse(99)) == 6


def test_archives_count_as_lost_when_their_file_is(db, tmp_path, encoder):
    old, new = tmp_path / "a.tar", tmp_path / "b.tar"
    old.write_bytes(b"packed")
    db.add(Archive(old), encoder)
    new.write_bytes(b"packed")
    old.unlink()
    db.add(Archive(new), encoder)
    with closing(sqlite3.connect(db.path)) as connection:
        of = {id: source for id, source in connection.execute("SELECT id, source FROM picture")}
    assert {of[hit.id] for hit in db.search([1.0, 0.0, 0.0], 99)} == {str(new)}


def test_a_library_found_at_another_place_is_told_how_to_say_so(db, moved, encoder):
    old, new = moved
    report = db.add(open_folder(new), encoder)
    assert report.embedded == 0
    assert report.notes == [
        f"{old} is not there any more, and 5 of its pictures were found again: sightline index {db.path} "
        f"--move '{old}' '{new}' (or --drop '{old}')"
    ]
    db.move(str(old), str(new))
    assert db.add(open_folder(new), encoder).notes == []


def test_the_place_that_is_told_is_where_the_old_folder_went(db, moved, tmp_path, encoder):
    """Indexed from further up, or put into another folder: the move that is told is the one that fits."""
    old, new = moved
    report = db.add(open_folder(tmp_path / "disk"), encoder)
    assert f"--move '{old}' '{new}'" in report.notes[0]


def test_a_copy_of_a_library_that_is_there_is_nothing_to_tell(db, tmp_path, folder, encoder):
    db.add(open_folder(folder), encoder)
    shutil.copytree(folder, tmp_path / "copy")
    assert db.add(open_folder(tmp_path / "copy"), encoder).notes == []
