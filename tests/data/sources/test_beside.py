"""Captions are found where people put them: files of the same name, and the table of an image folder."""

import json

import pytest
from PIL import Image

from sightline.data.sample import BadSample
from sightline.data.sources.folder import open_folder


def put(path, text=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    if text is None:
        Image.new("RGB", (4, 4)).save(path)
    else:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *((name, "an apple\n") for name in ("IMG_1.txt", "IMG_1.TXT", "IMG_1.png.txt", "img_1.Txt", "IMG_1.caption")),
        *((name, "an apple") for name in ("IMG_1.cap", "IMG_1.PNG.caption")),
        ("IMG_1.txt", "an apple".encode("utf-8-sig")),
        ("IMG_1.txt", "an apple".encode("utf-16")),
        ("IMG_1.json", '{"caption": "an apple", "width": 4}'),
        ("IMG_1.json", '["an apple"]'),
        ("IMG_1.png.json", '{"title": "IMG_1.png", "description": "an apple"}'),
    ],
)
def test_words_beside_a_picture_are_its_captions(tmp_path, name, text):
    put(tmp_path / "IMG_1.png")
    put(tmp_path / "IMG_2.png")
    put(tmp_path / name, text)
    folder = open_folder(tmp_path)
    assert [sample.captions for sample in folder] == [("an apple",), ()] and folder.notes == ()


def test_all_that_lie_beside_it_are_read(tmp_path):
    put(tmp_path / "a.png")
    put(tmp_path / "a.txt", "one\ntwo")
    put(tmp_path / "a.caption", "three")
    put(tmp_path / "a.json", '{"tags": "red, round", "text": "four"}')
    put(tmp_path / "notes.txt", "nobody's")
    folder = open_folder(tmp_path)
    assert folder[0].captions[:4] == ("one", "two", "three", "four") and folder[0].terms == ("red", "round")
    assert folder.notes == ("1 file was passed over as no pictures: 1 .txt (notes.txt)",)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", b"caf\xe9", "a.txt beside it holds the byte e9.*encoding=latin-1"),
        ("a.txt", b"red\0\0", "2 NULs"),
        ("a.json", b'{"caption"', "malformed json"),
        ("a.json", b'{"caption": "\\ud83d"}', "half of a surrogate pair"),
        ("a.json", b"[" * 100_000, "malformed json"),
    ],
)
def test_words_that_are_none_are_a_bad_sample_that_says_which_file(tmp_path, name, text, said):
    put(tmp_path / "a.png")
    put(tmp_path / "b.png")
    put(tmp_path / name, text)
    folder = open_folder(tmp_path)
    with pytest.raises(BadSample, match=f"a.png: .*{said}"):
        folder[0]
    assert folder[1].captions == ("b",)


def test_the_encoding_of_captions_may_be_named(tmp_path):
    put(tmp_path / "a.png")
    put(tmp_path / "a.txt", "café".encode("cp1252"))
    assert open_folder(tmp_path, encoding="cp1252")[0].captions == ("café", "a")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_the_table_of_an_image_folder_gives_captions(tmp_path, ending):
    rows = [{"file_name": "IMG_1.png", "text": "red apple"}, {"file_name": "sub/IMG_2.png", "text": "pear"}]
    for row in rows:
        put(tmp_path / row["file_name"])
    file = tmp_path / f"metadata.{ending}"
    if ending == "parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    elif ending == "jsonl":
        put(file, "\n".join(map(json.dumps, rows)))
    else:
        put(file, "file_name,text\n" + "\n".join(",".join(row.values()) for row in rows))
    folder = open_folder(tmp_path)
    assert [sample.captions for sample in folder] == [("red apple",), ("pear",)] and folder.notes == ()


def test_a_table_in_a_subfolder_speaks_of_its_own(tmp_path):
    for name in ("cat/1.png", "dog/1.png"):
        put(tmp_path / name)
    put(tmp_path / "dog/metadata.csv", "file_name,caption,keywords\n1.png,a dog,wet;brown\n")
    cat, dog = open_folder(tmp_path)
    assert cat.captions == ("cat",) and dog.captions == ("a dog",) and dog.terms == ("wet", "brown")


def test_names_match_however_they_are_spelt(tmp_path):
    put(tmp_path / "sub/cafe\u0301.png")
    put(tmp_path / "metadata.csv", "file_name,text\nsub\\café.png,coffee\n")
    assert open_folder(tmp_path)[0].captions[0] == "coffee"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("file_name,text\na.png,x\ngone.png,y\n", "1 row for pictures that are not there, such as gone.png"),
        ("file_name,text\na.png,x\nb.png\n", r"1 row could not be read; row 2 \(line 3\): 1 field"),
        ("file_name,wording\na.png,x\n", "no column of captions .*but file_name, wording"),
        ("name,text\na.png,x\n", "no column of file names"),
        ("", "metadata.csv was not read: .*is empty"),
    ],
)
def test_what_a_table_does_not_give_is_a_note(tmp_path, table, said):
    import re

    put(tmp_path / "a.png")
    put(tmp_path / "metadata.csv", table)
    (note,) = open_folder(tmp_path).notes
    assert re.search(said, note), note
