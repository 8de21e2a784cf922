"""Below a folder only files are files: rings of links end, pipes are not waited for, bins are left out."""

import os
import socket

import pytest

from sightline.data.sources.walk import walk

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows, pipes are none there")


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


@pytest.mark.parametrize("follow", [False, True])
def test_links_round_in_a_circle_end(tmp_path, follow):
    put(tmp_path / "in/a.png")
    put(tmp_path / "out/b.png")
    (tmp_path / "in/self").symlink_to("self")
    (tmp_path / "in/one").symlink_to("two")
    (tmp_path / "in/two").symlink_to("one")
    (tmp_path / "in/up").symlink_to("..")
    (tmp_path / "in/gone.png").symlink_to("nowhere.png")
    (tmp_path / "in/here").symlink_to(".")
    (tmp_path / "out/back").symlink_to("../in")
    found = walk(tmp_path / "in", follow=follow)
    assert sorted(found.dead) == ["gone.png", "one", "self", "two"]
    assert found.files == (["a.png", "up/out/b.png"] if follow else ["a.png"])
    assert found.out == ([] if follow else [("up", "..")])
    # where links are followed, what a broken one led to may be on a disk that is missing
    assert set(found.unread) == ({"gone.png", "one", "self", "two"} if follow else set())


def test_a_folder_two_links_lead_to_is_entered_once(tmp_path):
    put(tmp_path / "store/a.png")
    (tmp_path / "in").mkdir()
    for name in ("x", "y"):
        (tmp_path / "in" / name).symlink_to("../store")
    found = walk(tmp_path / "in", follow=True)
    assert found.files == ["x/a.png"] and found.repeated == ["y"]


def test_links_to_a_hidden_folder_inside_lead_out(tmp_path):
    put(tmp_path / ".store/a.png")
    (tmp_path / "now").symlink_to(".store")
    assert walk(tmp_path).out == [("now", ".store")] and walk(tmp_path, follow=True).files == ["now/a.png"]


def test_pipes_sockets_and_devices_are_named_and_not_opened(tmp_path, monkeypatch):
    put(tmp_path / "a.png")
    os.mkfifo(tmp_path / "b.png")
    os.mkfifo(tmp_path / "a.txt")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "null.png").symlink_to("/dev/null")
    (tmp_path / "pipe.png").symlink_to("b.png")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.png")
        found = walk(tmp_path)
    assert found.files == ["a.png"]
    assert sorted(found.odd) == ["a.txt", "b.png", "null.png", "pipe.png", "s.png", "zero.png"]


@pytest.mark.parametrize(
    "name",
    [
        *("@eaDir", ".thumbnails", "@Recycle", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"),
        *(".Trash-1000", ".picasaoriginals", "__MACOSX", ".AppleDouble", "Network Trash Folder", "#snapshot"),
    ],
)
def test_bins_and_thumbnails_of_other_programs_are_left_out(tmp_path, name):
    put(tmp_path / "a.png")
    put(tmp_path / name / "b.png")
    put(tmp_path / "sub" / name / "c.png")
    found = walk(tmp_path)
    assert found.files == ["a.png"] and found.system == {name: 2}
    assert walk(tmp_path / name).files == ["b.png"], "a folder that is asked for by name is read"


@pytest.mark.parametrize("name", ["Thumbs.db", "._a.png", ".DS_Store", "desktop.ini", "SYNOPHOTO_THUMB_XL.jpg"])
def test_so_are_their_files(tmp_path, name):
    put(tmp_path / "a.png")
    put(tmp_path / name)
    assert walk(tmp_path).files == ["a.png"] and walk(tmp_path).system == {name: 1}


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("drafts", ["a.png", "x/B.PNG"]),
        ("drafts/", ["a.png", "x/B.PNG"]),
        ("./drafts/*", ["a.png", "x/B.PNG", "x/drafts/d.png"]),
        ("**/drafts/*", ["a.png", "x/B.PNG"]),
        ("*.png", []),
        ("x/b.*", ["a.png", "drafts/c.png", "x/drafts/d.png"]),
        ("x*", ["a.png", "drafts/c.png"]),
        ("[ab].png", ["drafts/c.png", "x/drafts/d.png"]),
        ("nothing", ["a.png", "drafts/c.png", "x/B.PNG", "x/drafts/d.png"]),
    ],
)
def test_patterns_leave_out_by_name_or_by_path(tmp_path, pattern, left):
    for name in ("a.png", "drafts/c.png", "x/B.PNG", "x/drafts/d.png"):
        put(tmp_path / name)
    assert walk(tmp_path, exclude=[pattern]).files == left
