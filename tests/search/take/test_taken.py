"""A selection on its way out: names that lead nowhere else, archives that every program reads, nothing lost unsaid."""

import io
import tracemalloc
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.search.take.archive import MISSING, zipped
from sightline.search.take.folder import copy_into
from sightline.search.take.name import LONGEST, Once, safe, slug
from sightline.search.take.sprite import sprite, symbols
from sightline.search.take.taken import Counted, Lost, Taken

DOT = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><circle id="d" r="2"/></svg>'


def picture(name, data=DOT, media="image/svg+xml", id=1):
    return Taken(id, Path(name).stem, name, media, data)


@given(st.text(max_size=300))
def test_a_name_is_always_one_in_its_own_folder(text):
    name = safe(text)
    assert name and not set(name) & set('/\\\x00<>:"|?*') and name not in (".", "..") and not name.startswith(".")
    assert len(name.encode("utf-8", "replace")) <= LONGEST and name == name.strip()
    assert Path("out", name).parent == Path("out") and safe(name) == name


@given(st.lists(st.sampled_from(["a.svg", "A.svg", "a-2.svg", "a", "b.png", "a-2"]), max_size=12))
def test_no_name_is_given_twice_whatever_the_case(wanted):
    once = Once()
    given_names = [once(name).lower() for name in wanted]
    assert len(set(given_names)) == len(wanted)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("a/../../b.svg", "b.svg"),
        ("C:\\x\\con.svg", "_con.svg"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("x. ", "x"),
        ("日本.svg", "日本.svg"),
    ],
)
def test_names_that_would_lead_astray_are_plain(name, made):
    assert safe(name) == made


def test_an_id_begins_with_a_letter_and_is_ascii():
    assert [slug(name) for name in ("Heart", "24 h", "--", "a__b", "é")] == [
        "heart",
        "i-24-h",
        "picture",
        "a-b",
        "picture",
    ]


def test_a_zip_is_whole_with_its_sizes_before_the_data():
    pieces = list(zipped([picture("a.svg"), picture("b.png", b"\x89PNG" * 50, "image/png")]))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert archive.testzip() is None and archive.namelist() == ["a.svg", "b.png"]
    kinds = {one.filename: (one.compress_type, one.flag_bits & 8) for one in archive.infolist()}
    assert kinds == {"a.svg": (zipfile.ZIP_DEFLATED, 0), "b.png": (zipfile.ZIP_STORED, 0)}
    assert pieces == list(zipped([picture("a.svg"), picture("b.png", b"\x89PNG" * 50, "image/png")]))


def test_what_is_lost_is_listed_inside_and_an_empty_zip_is_one():
    archive = zipfile.ZipFile(io.BytesIO(b"".join(zipped([Lost(7, "gone.svg", "it\nis gone"), picture("a.svg")]))))
    assert archive.read(MISSING).decode() == "1 of 2 pictures could not be taken:\ngone.svg: it is gone\n"
    assert zipfile.ZipFile(io.BytesIO(b"".join(zipped([])))).namelist() == []


def test_ten_thousand_files_are_never_in_memory_together():
    size = 64 * 2**10
    many = (
        picture(f"{number}.jpg", number.to_bytes(4, "big") * (size // 4), "image/jpeg", number)
        for number in range(10_000)
    )
    tracemalloc.start()
    total = sum(len(piece) for piece in zipped(many))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 10_000 * size and peak < 24 * 2**20  # the list of entries at its end is some 10 MB


def test_a_sprite_has_a_symbol_each_by_names_of_their_own():
    found = [
        picture("heart.svg"),
        picture("Heart.svg"),
        picture("x.png", b"", "image/png"),
        picture("bad.svg", b"<svg><"),
    ]
    text = "".join(sprite(symbols(found)))
    root = ET.fromstring(text)
    assert [one.get("id") for one in root] == ["heart", "heart-2"]
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids)) == 4
    assert "2 of 4 pictures could not be taken" in text and "x.png: it is no SVG" in text


def test_a_name_cannot_end_the_comment_of_a_sprite():
    text = "".join(sprite(symbols([Lost(1, "--><script>x</script>.png", "gone")])))
    assert len(ET.fromstring(text)) == 0 and "<script" not in text and text.count("-->") == 1


def test_copies_never_take_the_place_of_another_file(tmp_path):
    (tmp_path / "a.svg").write_text("mine")
    for _ in range(2):  # the second time all of it is there
        copy_into(tmp_path, [picture("a.svg"), picture("b.svg"), Lost(1, "c", "gone")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-2.svg", "a.svg", "b.svg"]
    assert (tmp_path / "a.svg").read_text() == "mine" and (tmp_path / "a-2.svg").read_bytes() == DOT


def test_a_selection_of_which_nothing_is_left_is_refused():
    counted = Counted([Lost(3, "a.svg", "it is gone")])
    with pytest.raises(ValueError, match=r"a\.svg: it is gone"):
        list(counted)
    some = Counted([Lost(3, "a.svg", "it is gone"), picture("b.svg")])
    assert len(list(some)) == 2 and some.count == 1 and len(some.lost) == 1
