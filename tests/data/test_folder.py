"""A folder is read as it lies on disk: sorted, labelled by subfolder, captioned by what stands beside or inside."""

import os

import pytest
from PIL import Image

from sightline.data.folder import open_folder

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
    assert folder.notes == ("1 files are no pictures and were passed over",)


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
def test_links_that_lead_outside_are_not_followed(tmp_path):
    put(tmp_path / "outside" / "secret.png")
    put(tmp_path / "set" / "a.png")
    (tmp_path / "set" / "leak.png").symlink_to(tmp_path / "outside" / "secret.png")
    (tmp_path / "set" / "all").symlink_to(tmp_path / "outside")
    (tmp_path / "set" / "loop").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "same.png").symlink_to(tmp_path / "set" / "a.png")
    assert open_folder(tmp_path / "set").files == ("a.png", "same.png")
