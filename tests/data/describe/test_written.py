"""Captions of a folder: what is written where, what stays as it was, and that the folder reads them back."""

import json

import numpy as np
import pytest
from PIL import Image

from sightline.data.atomic import write_new
from sightline.data.describe.described import Described, palette, quote
from sightline.data.describe.written import Told, folder_of, has_words, targets, write_beside, write_table
from sightline.data.sources.source import open_source

CART = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><title>Shopping cart</title>'
    '<circle id="wheel1" cx="8" cy="21" r="2"/><circle id="wheel2" cx="19" cy="21" r="2"/>'
    '<path d="M2 2h4l3 14h9l3-9H6"/></svg>'
)


def quiet(done, total):
    pass


@pytest.fixture
def designs(tmp_path):
    place = tmp_path / "designs"
    (place / "sub").mkdir(parents=True)
    (place / "cart.svg").write_text(CART)
    (place / "mine.svg").write_text(CART)
    (place / "mine.txt").write_text("my own words\n")
    (place / "both.svg").write_text(CART)
    Image.new("RGB", (64, 64), (255, 255, 255)).save(place / "both.png")
    pixels = np.full((64, 64, 3), 255, np.uint8)
    pixels[16:48, 16:48] = (215, 30, 35)
    Image.fromarray(pixels).save(place / "sub" / "red_square.png")
    (place / "broken.svg").write_text("<svg")
    return place


def written(source):
    told = Told()
    write_beside(source, True, None, told, quiet)
    return told


def test_captions_are_written_beside_pictures_and_read_back(designs):
    told = written(open_source(str(designs)))
    assert (told.written, told.had, told.bare, list(told.bad)) == (3, 1, 1, [str(designs / "broken.svg")])
    found = {}
    source = open_source(str(designs))
    for place in range(len(source)):
        found[source.files[place]] = source[place].captions
    assert found["cart.svg"][0].startswith("Shopping cart, 2 black wheels, a flat,")
    assert found["sub/red_square.png"][0].startswith("red square, a flat, filled,")
    assert found["sub/red_square.png"][0].endswith("in red on a white background")
    assert found["mine.svg"][0] == "my own words"
    assert not found["both.png"][0].startswith("Shopping")


def test_a_second_run_writes_nothing_and_a_changed_caption_stays(designs):
    written(open_source(str(designs)))
    (designs / "cart.txt").write_text("better words")
    before = {path: path.read_bytes() for path in designs.rglob("*") if path.is_file()}
    told = written(open_source(str(designs)))
    assert (told.written, told.had) == (0, 4)
    assert {path: path.read_bytes() for path in designs.rglob("*") if path.is_file()} == before


def test_rows_of_the_folders_table_are_captions_too(designs):
    (designs / "metadata.csv").write_text("file_name,text\ncart.svg,from the table\n")
    written(open_source(str(designs)))
    assert not (designs / "cart.txt").exists()


def test_a_json_without_captions_does_not_count(designs):
    (designs / "cart.json").write_text('{"boxes": []}')
    folder = folder_of(open_source(str(designs)))
    assert not has_words(folder, "cart.svg")
    (designs / "cart.json").write_text('{"caption": "words"}')
    assert has_words(folder, "cart.svg")


def test_pictures_of_one_name_get_texts_of_their_own():
    assert targets(("a/x.png", "a/X.svg", "b/x.png")) == {
        "a/x.png": "a/x.png.txt",
        "a/X.svg": "a/X.svg.txt",
        "b/x.png": "b/x.txt",
    }


def test_stopping_leaves_whole_captions_and_nothing_else(designs):
    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    told = Told()
    with pytest.raises(KeyboardInterrupt):
        write_beside(open_source(str(designs)), True, None, told, stop)
    texts = sorted(path.name for path in designs.rglob("*") if path.suffix not in {".svg", ".png"} and path.is_file())
    assert told.written == len(texts) - 1 and not [name for name in texts if name.startswith(".")]
    assert written(open_source(str(designs))).written + told.written == 3


def test_what_exists_is_never_written_over(tmp_path):
    target = tmp_path / "a.txt"
    assert write_new(target, b"first") and not write_new(target, b"second")
    assert target.read_bytes() == b"first" and [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    with pytest.raises(OSError, match="could not write"):
        write_new(tmp_path / "none" / "a.txt", b"")


def test_a_table_holds_what_each_caption_was_put_together_from(designs, tmp_path):
    out, told = tmp_path / "captions.jsonl", Told()
    write_table(open_source(str(designs)), True, None, told, quiet, out)
    rows = {row["file_name"]: row for row in map(json.loads, out.read_text().splitlines())}
    assert told.written == len(rows) == 4
    assert rows["mine.svg"]["meaning"] == "Shopping cart" and rows["mine.svg"]["ocr"] is False
    assert rows["mine.svg"]["measures"]["parts"] == 3 and "minimal" in rows["mine.svg"]["style"]
    assert not list(designs.glob("cart.txt"))


def test_sources_without_a_place_beside_their_pictures_are_refused():
    with pytest.raises(ValueError, match="unpack the tar, or write a table with --out"):
        folder_of(open_source("scenes?n=4"))


def test_a_caption_says_meaning_then_elements_then_style_then_text():
    found = Described(meaning="cart", elements=["2 black wheels", "a red line"], text=["SALE"])
    assert found.caption() == 'cart, 2 black wheels and a red line with the text "SALE"'
    assert Described(text=["SALE"]).caption() == 'the text "SALE"'
    assert quote(["one two three", "four", "one two three", "five six seven eight nine ten"]) == [
        "one two three",
        "four",
        "five six seven eight",
    ]
    assert quote(['say "yes"']) == ["say yes"]
    assert (palette(("red", "orange")), palette(("teal", "blue")), palette(("red",))) == ("warm", "", "")
