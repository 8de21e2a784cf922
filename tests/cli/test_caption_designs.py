"""`sightline caption SRC --styles --ocr`: what it writes, shows and refuses; training finds the captions."""

import pytest

from sightline.cli.main import main
from sightline.data.describe import ocr

CART = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><title>Shopping cart</title>'
    '<circle id="wheel1" cx="8" cy="21" r="2"/><circle id="wheel2" cx="19" cy="21" r="2"/>'
    '<path d="M2 2h4l3 14h9l3-9H6"/></svg>'
)
SIGN = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 30"><text y="20">Sign in</text></svg>'


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "designs").mkdir()
    (tmp_path / "designs" / "cart.svg").write_text(CART)
    (tmp_path / "designs" / "sign.svg").write_text(SIGN)
    (tmp_path / "designs" / "broken.svg").write_text("<svg")
    return tmp_path / "designs"


def test_a_dry_run_shows_captions_and_writes_nothing(place, capsys):
    assert main(["caption", "designs", "--styles", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "cart.svg  Shopping cart, 2 black wheels, a flat," in shown and 'with the text "Sign in"' in shown
    assert sorted(path.suffix for path in place.iterdir()) == [".svg"] * 3


def test_captions_are_counted_and_the_second_call_leaves_them(place, capsys):
    assert main(["caption", "designs", "--styles"]) == 0
    told = capsys.readouterr()
    assert "designs: 2 captions written" in told.out and "skipped 1" in told.err and "broken.svg" in told.err
    before = (place / "cart.txt").read_text()
    assert main(["caption", "designs", "--styles"]) == 0
    assert "0 captions written; 2 pictures with captions left as they are" in capsys.readouterr().out
    assert (place / "cart.txt").read_text() == before


def test_text_alone_is_quoted_without_a_style(place, monkeypatch, capsys):
    monkeypatch.setattr("sightline.data.describe.ocr.reader", lambda: lambda picture: [])
    assert main(["caption", "designs", "--ocr"]) == 0
    assert (place / "sign.txt").read_text() == 'sign with the text "Sign in"\n'
    assert (
        not (place / "cart.txt").exists() and "1 picture of which only the name can be told" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["scenes?n=4", "--styles"], "unpack the tar, or write a table with --out captions.jsonl"),
        (["designs"], "sightline caption designs --styles --ocr"),
        (["designs", "--dry-run"], "are for captions of designs"),
        (["designs", "a.png", "--styles"], "take one SRC"),
        (["designs", "--styles", "--out", "captions.csv"], "the table is written as .jsonl"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(place, capsys, words, says):
    assert main(["caption", *words]) == 2
    assert says in capsys.readouterr().err


def test_a_table_of_any_source_is_written_once(place, capsys):
    assert main(["caption", "scenes?n=3&level=4&size=96", "--styles", "--out", "captions.jsonl"]) == 0
    assert len((place.parent / "captions.jsonl").read_text().splitlines()) <= 3
    assert main(["caption", "scenes?n=3&level=4", "--styles", "--out", "captions.jsonl"]) == 2
    assert "never written over" in capsys.readouterr().err


def test_without_the_extra_nothing_is_written_and_it_is_named(place, monkeypatch, capsys):
    monkeypatch.setattr(ocr, "find_spec", lambda name: None)
    assert main(["caption", "designs", "--styles", "--ocr"]) == 2
    assert "pip install 'sightline[ocr]'" in capsys.readouterr().err and not list(place.glob("*.txt"))


def test_a_stop_says_how_many_are_written(place, monkeypatch, capsys):
    from sightline.data.describe import written

    class Stops(written.Told):
        def __setattr__(self, name, value):
            object.__setattr__(self, name, value)
            if (name, value) == ("written", 1):
                raise KeyboardInterrupt

    monkeypatch.setattr(written, "Told", Stops)
    assert main(["caption", "designs", "--styles"]) == 130
    assert "1 caption written; the same command goes on" in capsys.readouterr().err
    assert sorted(path.name for path in place.iterdir() if path.suffix != ".svg") == ["cart.txt"]
