"""A folder is read as it lies on disk: sorted, labelled by subfolder, captioned by what stands beside or inside."""

import os

import pytest
from PIL import Image

from sightline.data.decode.picture import decode
from sightline.data.sample import BadSample
from sightline.data.sources import endings
from sightline.data.sources.folder import open_folder
from sightline.data.sources.mixture import Mixture
from sightline.data.sources.source import open_source
from sightline.data.sources.subset import first_of_order

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">{}<rect width="1" height="1"/></svg>'


def put(path, text=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    if text is not None:
        path.write_text(text, encoding="utf-8")
    else:
        Image.new("RGB", (4, 4)).save(path)


def test_flat_folders_are_sorted_and_have_no_labels(tmp_path):
    for name in ("b.png", "a.jpg", "sub/c.webp", ".hidden.png", "notes.pdf", "__MACOSX/x.png"):
        put(tmp_path / name, "x" if name.endswith("pdf") else None)
    folder = open_folder(tmp_path)
    assert folder.files == ("a.jpg", "b.png", "sub/c.webp")
    assert folder.classes == () and folder[0].label is None and "label" not in folder.has
    assert folder.notes == (
        "left out as hidden, thumbnails or bins: 1 .hidden.png, 1 __MACOSX",
        "1 file was passed over as no pictures: 1 .pdf (notes.pdf)",
    )


def test_subfolders_are_classes_when_every_picture_lies_in_one(tmp_path):
    for name in ("dog/1.png", "cat/2.png", "cat/deep/small-cat.png"):
        put(tmp_path / name)
    folder = open_folder(tmp_path)
    assert folder.classes == ("cat", "dog") and [s.label for s in folder] == [0, 0, 1]
    assert [s.captions for s in folder] == [("cat",), ("small cat",), ("dog",)]
    assert folder.has == {"image", "text", "label"}


def test_captions_come_from_sidecar_then_title_then_name(tmp_path):
    put(tmp_path / "credit-card.svg", SVG.format("<title>Payment method</title>"))
    put(tmp_path / "credit-card.txt", "a bank card\n\npay by card\n")
    put(tmp_path / "arrow-left_24px.svg", SVG.format("<title>ic_arrow_left_24px</title>"))
    put(tmp_path / "gear.svg", SVG.format("<title>Layer 1</title>"))
    put(tmp_path / "IMG_1234.png")
    put(tmp_path / "broken.svg", "<svg")
    captions = {s.key: s.captions for s in open_folder(tmp_path)}
    assert captions == {
        "credit-card.svg": ("a bank card", "pay by card", "Payment method", "credit card"),
        "arrow-left_24px.svg": ("arrow left",),
        "gear.svg": ("gear",),
        "IMG_1234.png": (),
        "broken.svg": ("broken",),
    }


def test_an_empty_or_endless_sidecar_is_handled(tmp_path):
    put(tmp_path / "star.png")
    put(tmp_path / "star.txt", " \n ")
    put(tmp_path / "tree.png")
    put(tmp_path / "tree.txt", "leaf " * 5000)
    star, tree = open_folder(tmp_path)
    assert star.captions == ("star",) and len(tree.captions[0].split()) == 64


def test_an_empty_folder_is_a_clear_error(tmp_path):
    with pytest.raises(ValueError, match=r"holds no pictures \(0 other files\); expected files ending in apng avif"):
        open_folder(tmp_path)
    put(tmp_path / "train-000.tar", "x")
    with pytest.raises(ValueError, match=r"holds no pictures but train-000.tar: name the file"):
        open_folder(tmp_path)


def test_splits_nobody_chose_between_are_refused(tmp_path):
    for name in ("train/a/1.png", "test/a/2.png"):
        put(tmp_path / name)
    with pytest.raises(ValueError, match="holds the splits test, train: say which"):
        open_folder(tmp_path)


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need a privilege on Windows")
def test_links_that_lead_outside_are_followed_on_request_only(tmp_path):
    put(tmp_path / "outside" / "secret.png")
    put(tmp_path / "set" / "a.png")
    (tmp_path / "set" / "leak.png").symlink_to(tmp_path / "outside" / "secret.png")
    (tmp_path / "set" / "all").symlink_to(tmp_path / "outside")
    (tmp_path / "set" / "loop").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "same.png").symlink_to(tmp_path / "set" / "a.png")
    folder = open_folder(tmp_path / "set")
    assert folder.files == ("a.png", "same.png")
    (note,) = folder.notes
    assert "2 links out of the folder were not followed" in note and "set?links=follow'" in note
    followed = open_folder(tmp_path / "set", follow=True)
    assert followed.files == ("a.png", "all/secret.png", "leak.png", "same.png") and followed.notes == ()


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need a privilege on Windows")
def test_a_folder_of_nothing_but_links_says_how_to_follow_them(tmp_path):
    """As a hub's cache lies: snapshots/REVISION/cat.png -> ../../blobs/HASH."""
    put(tmp_path / "blobs/aa1.png")
    (tmp_path / "snapshots/rev").mkdir(parents=True)
    (tmp_path / "snapshots/rev/cat.png").symlink_to("../../blobs/aa1.png")
    rev = tmp_path / "snapshots/rev"
    with pytest.raises(ValueError, match=r"cat.png -> ../../blobs/aa1.png\); to follow them: '.*rev\?links=follow'"):
        open_folder(rev)
    (sample,) = open_source(f"{rev}?links=follow")
    assert sample.key == "cat.png" and sample.content()[:4] == b"\x89PNG"
    with pytest.raises(ValueError, match="links='yes'.*expected inside .* or follow"):
        open_source(f"{rev}?links=yes")


@pytest.mark.parametrize("name", "a.jfif b.jpe c.apng d.pnm e.PBM f.dib g.mpo h.heic".split())
def test_what_a_picture_is_decides_its_content(tmp_path, name):
    """A JPEG called .heic, as messengers write them, is read too."""
    Image.new("RGB", (4, 4)).save(tmp_path / name, "JPEG")
    folder = open_folder(tmp_path)
    assert folder.files == (name,) and folder.notes == () and decode(folder[0].image).shape == (4, 4, 3)


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_heic_is_named_with_the_way_out(tmp_path, monkeypatch, brand):
    monkeypatch.setattr(endings, "find_spec", lambda name: None)
    put(tmp_path / "a.png")
    for name in ("IMG_1.HEIC", "IMG_2.heif"):
        (tmp_path / name).write_bytes(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic")
    folder = open_folder(tmp_path)
    assert folder.files == ("a.png",)
    (note,) = folder.notes
    assert note.startswith("2 HEIC pictures were passed over, such as IMG_1.HEIC.") and "pillow-heif" in note
    monkeypatch.setattr(endings, "find_spec", lambda name: object())
    assert len(open_folder(tmp_path)) == 3


def test_what_was_passed_over_is_counted_by_ending_and_looked_into(tmp_path):
    put(tmp_path / "a.png")
    for name in ("x.pdf", "y.PDF", "README", "table.csv"):
        put(tmp_path / name, "words")
    (tmp_path / "0f3a").write_bytes((tmp_path / "a.png").read_bytes())
    by_ending, pictures, table = open_folder(tmp_path).notes
    assert by_ending.startswith("5 files were passed over as no pictures: 2 without an ending (0f3a), 2 .pdf (x.pdf)")
    assert "0f3a is a PNG" in pictures and f"name it: {tmp_path / 'table.csv'}" in table


def test_names_that_are_not_utf8_are_bad_samples_in_escaped_form(tmp_path):
    put(tmp_path / "a.png")
    try:
        (tmp_path / os.fsdecode(b"caf\xe9")).mkdir()
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    put(tmp_path / os.fsdecode(b"caf\xe9/b.png"))
    a, bad = range(2)
    folder = open_folder(tmp_path)
    assert folder[a].key == "a.png"
    with pytest.raises(BadSample, match=r"caf\\udce9/b.png: its name is not UTF-8; rename it"):
        folder[bad]
    with pytest.raises(ValueError, match=r"caf\\udce9 is not UTF-8"):
        open_source(os.fsdecode(bytes(tmp_path) + b"/caf\xe9"))


def test_what_is_excluded_is_left_out_and_counted(tmp_path):
    for name in ("a.png", "a_thumb.png", "drafts/b.png", "x/drafts/c.png", "@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg"):
        put(tmp_path / name)
    folder = open_source(f"{tmp_path}?exclude=drafts/*,*_Thumb.*&exclude=gone&n=9")
    assert folder.source.files == ("a.png", "x/drafts/c.png")
    assert folder.notes == (
        "left out as hidden, thumbnails or bins: 1 @eaDir",
        "exclude=drafts/* left out 1, such as drafts/b.png",
        "exclude=*_Thumb.* left out 1, such as a_thumb.png",
        "exclude=gone fits nothing here",
    )
    assert open_source(f"{tmp_path}?exclude=a?thumb.*").files == ("a.png", "drafts/b.png", "x/drafts/c.png")


def test_a_subfolder_that_cannot_be_listed_is_told(tmp_path, monkeypatch):
    for name in ("2020/a.png", "2021/b.png"):
        put(tmp_path / name)
    locked(monkeypatch, tmp_path / "2021")
    folder = open_folder(tmp_path)
    assert folder.files == ("2020/a.png",) and folder.unread == (str(tmp_path / "2021"),)
    assert folder.notes == ("1 subfolder could not be read: 2021 (Permission denied)",)
    for other in (first_of_order(folder, 1), Mixture([folder])):
        assert set(other.unread) == {str(tmp_path / "2021")}
    locked(monkeypatch, tmp_path)
    with pytest.raises(OSError, match="cannot be read: Permission denied"):
        open_folder(tmp_path)


def locked(monkeypatch, folder):
    """As without rights; the tests may run as root, who has them all."""
    scandir = os.scandir

    def refusing(path):
        if os.fspath(path) == os.fspath(folder):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names there")
def test_pipes_among_pictures_are_noted_and_never_waited_for(tmp_path):
    put(tmp_path / "a.png")
    for name in ("b.png", "a.txt", "metadata.csv"):
        os.mkfifo(tmp_path / name)
    folder = open_folder(tmp_path)
    assert [sample.captions for sample in folder] == [("a",)]
    assert folder.notes[0].startswith("3 are pipes, sockets or devices and were passed over: ")
