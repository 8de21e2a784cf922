"""`sightline export`: what a search finds, out of the library as files, a ZIP, a sprite or text."""

import xml.etree.ElementTree as ET
import zipfile

import pytest

from sightline.cli.main import main
from sightline.search.index import Index

SHAPES = {
    "heart": '<path fill="#d22" d="M12 21C4 15 2 11 2 8a5 5 0 0 1 10-2 5 5 0 0 1 10 2c0 3-2 7-10 13z"/>',
    "ball": '<circle cx="12" cy="12" r="9" stroke-width="2"/>',
    "card": '<rect x="1" y="6" width="22" height="12"/><path stroke="#fff" d="M1 9h22"/>',
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("icons")
    for folder in ("lucide", "tabler"):
        (place / "sets" / folder).mkdir(parents=True)
        for name, shape in SHAPES.items():
            inside = shape if folder == "lucide" else f'<g opacity=".5">{shape}</g>'
            drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{inside}</svg>'
            (place / "sets" / folder / f"{name}.svg").write_text(drawing)
    assert main(["index", str(place / "a.db"), str(place / "sets"), "--encoder", "none"]) == 0
    return place


@pytest.fixture
def place(made, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    return made


def export(place, *words):
    return main(["export", str(place / "a.db"), *words])


def ids(place):
    with Index(place / "a.db") as index:
        return {hit.path.rpartition("sets/")[2]: hit.id for hit in index.browse(10)}


def test_a_folder_or_a_query_becomes_a_zip(place, capsys):
    assert export(place, "in:lucide", "--zip", "all.zip") == 0
    assert capsys.readouterr().out == "3 pictures in all.zip\n"
    archive = zipfile.ZipFile("all.zip")
    assert sorted(archive.namelist()) == ["ball.svg", "card.svg", "heart.svg"]
    assert archive.read("ball.svg") == (place / "sets/lucide/ball.svg").read_bytes()
    assert export(place, "heart", "--zip", "hearts.zip") == 0
    assert zipfile.ZipFile("hearts.zip").namelist() == ["heart.svg", "heart-2.svg"]


def test_a_filter_by_itself_or_with_words_is_taken_whole(place, capsys):
    assert export(place, "--where", "folder=lucide", "--zip", "where.zip") == 0
    assert sorted(zipfile.ZipFile("where.zip").namelist()) == ["ball.svg", "card.svg", "heart.svg"]
    assert export(place, "heart", "--where", "folder=tabler", "--zip", "one.zip") == 0
    assert zipfile.ZipFile("one.zip").read("heart.svg") == (place / "sets/tabler/heart.svg").read_bytes()
    assert export(place, "--where", "folder=", "--zip", "none.zip") == 2


def test_drawings_become_a_sprite_in_one_colour_where_they_have_one(place, capsys):
    assert export(place, "in:lucide", "--sprite", "s.svg", "--color", "teal") == 0
    symbols = {one.get("id"): one for one in ET.parse("s.svg").getroot()}
    assert set(symbols) == {"heart", "ball", "card"} and symbols["ball"].get("fill") == "#008080"
    assert symbols["heart"][0].get("fill") == "#008080" and symbols["card"].get("fill") is None


def test_copies_are_made_once(place, tmp_path, capsys):
    for _ in range(2):
        assert export(place, "heart", "--copy-to", "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["heart-2.svg", "heart.svg"]
    assert capsys.readouterr().out == "2 pictures in out\n" * 2


def test_one_picture_is_printed_as_text_to_paste(place, capsys):
    one = str(ids(place)["lucide/ball.svg"])
    assert export(place, "--id", one, "--as", "jsx", "--color", "currentColor") == 0
    said = capsys.readouterr().out
    assert 'strokeWidth="2"' in said and 'fill="currentColor"' in said
    assert export(place, "--id", one, "--as", "symbol") == 0
    assert capsys.readouterr().out.startswith('<symbol id="ball"')


def test_what_cannot_be_printed_so_is_noted_and_nothing_at_all_is_refused(place, capsys):
    assert export(place, "in:lucide", "--as", "svg", "--color", "red") == 0
    said = capsys.readouterr()
    assert said.out.count("<svg") == 2 and said.err == (
        "note: card: this drawing has 2 colours of its own; only drawings of one colour, or with currentColor, are "
        "recoloured\n"
    )
    assert export(place, "--id", str(ids(place)["lucide/card.svg"]), "--as", "svg", "--color", "red") == 2
    assert "none of them can be written so" in capsys.readouterr().err


def test_what_is_lost_is_said_and_what_is_left_is_taken(place, capsys):
    one = ids(place)
    gone = place / "sets/tabler/card.svg"
    kept = gone.read_bytes()
    gone.unlink()
    try:
        chosen = ["--id", str(one["tabler/card.svg"]), "--id", str(one["tabler/ball.svg"])]
        assert export(place, *chosen, "--zip", "some.zip") == 0
        said = capsys.readouterr()
        assert said.out == "1 picture in some.zip\n" and said.err.startswith("note: ") and "card.svg" in said.err
        assert zipfile.ZipFile("some.zip").namelist() == ["ball.svg", "could not be taken.txt"]
        assert export(place, *chosen[:2], "--zip", "none.zip") == 2
        assert "none of them could be taken" in capsys.readouterr().err
    finally:
        gone.write_bytes(kept)


def test_an_export_that_fails_leaves_what_was_there(place, tmp_path, capsys):
    (tmp_path / "old.zip").write_text("mine")
    assert export(place, "--id", "999", "--zip", "old.zip") == 2
    assert (tmp_path / "old.zip").read_text() == "mine" and [p.name for p in tmp_path.iterdir()] == ["old.zip"]
    assert "picture 999" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--zip", "a.zip"], "give words, --image, --where or else --id"),
        (["heart", "--id", "1", "--zip", "a.zip"], "give words, --image, --where or else --id"),
        (["heart"], "say what to make of them"),
        (["heart", "--zip", "a.zip", "--sprite", "b.svg"], "say what to make of them"),
        (["heart", "--zip", "a.zip", "--color", "red"], "--color goes with"),
        (["heart", "--sprite", "a.svg", "--color", "nope"], "is no colour"),
        (["heart", "-k", "0", "--zip", "a.zip"], "-k must be at least 1"),
        (["heart", "--all", "--zip", "a.zip"], "say how many"),
        (["--image", "none.png", "--zip", "a.zip"], "there is no picture at"),
        (["heart", "--region", "1,2,3,4", "--zip", "a.zip"], "--region is a part of --image"),
        (["zzzz", "--zip", "a.zip"], "nothing in"),
    ],
)
def test_what_cannot_be_is_refused(place, tmp_path, capsys, words, says):
    assert export(place, *words) == 2
    said = capsys.readouterr()
    assert says in said.err and said.out == "" and not list(tmp_path.iterdir())
