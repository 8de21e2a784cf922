"""`sightline explain`, `duplicates` and `map`, over a library of drawings by the built-in encoder."""

import json
import shutil

import pytest
from PIL import Image

from sightline.cli.main import main

DRAWN = {
    "ball": '<circle cx="12" cy="12" r="9"/>',
    "house": '<path d="M12 2 22 11h-3v11H5V11H2z"/>',
    "arrow-up": '<path d="M12 2 20 12h-6v10h-4V12H4z"/>',
    "cross": '<path d="M9 2h6v7h7v6h-7v7H9v-7H2V9h7z"/>',
}


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    (folder / "icons").mkdir()
    for name, shape in DRAWN.items():
        drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{shape}</svg>'
        (folder / "icons" / f"{name}.svg").write_text(drawing)
    shutil.copy(folder / "icons" / "ball.svg", folder / "icons" / "ball-copy.svg")
    Image.new("RGB", (90, 60), (30, 60, 200)).save(folder / "icons" / "wide.png")
    assert main(["index", str(folder / "icons.db"), str(folder / "icons")]) == 0
    return folder / "icons.db"


def asked(capsys, *words):
    code = main(list(words))
    told = capsys.readouterr()
    return code, told.out, told.err


def test_results_are_explained_with_a_sheet(db, capsys, tmp_path):
    code, out, _ = asked(capsys, "explain", str(db), "house", "-k", "3", "--out", str(tmp_path / "why.png"))
    assert code == 0 and len(out.splitlines()) == 4 and "house.svg" in out.splitlines()[0]
    with Image.open(tmp_path / "why.png") as sheet:
        assert sheet.width > 900


def test_one_picture_is_explained_as_json(db, capsys):
    code, out, _ = asked(capsys, "search", str(db), "wide", "--json")
    number = json.loads(out)["results"][0]["id"]
    code, out, _ = asked(capsys, "explain", str(db), "house", "--id", str(number), "--json")
    (found,) = json.loads(out)["results"]
    assert code == 0 and found["by"] == "occlusion" and found["passes"] == 37 and found["grid"] == [6, 6]
    # the picture is wide: the grid has padding above and below
    assert found["part"][1] == pytest.approx(-0.25, abs=0.03) and not any(found["values"][0] + found["values"][5])
    assert found["box"] is None or 0 <= found["box"][0] <= 90


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "words or --image"),
        (["house", "--image", "none.png"], "words or --image"),
        (["--image", "none.png"], "no picture at none.png"),
        (["house", "--out", "why.jpg"], "written as .png"),
        (["house", "--by", "patches"], "none of their patches"),
        (["house", "--id", "900"], "no picture 900"),
        (["in:icons"], "only says where to look"),
    ],
)
def test_what_cannot_be_explained_is_refused(db, capsys, words, why):
    code, _, err = asked(capsys, "explain", str(db), *words)
    assert code == 2 and why in err


def test_duplicates_are_told_apart_from_look_alikes(db, capsys):
    code, out, err = asked(capsys, "duplicates", str(db), "--look", "1")
    assert code == 0 and out.splitlines()[0] == "2 the same file" and "1 true duplicates in 1 groups" in err
    code, out, _ = asked(capsys, "duplicates", str(db), "--json", "--look", "0.5")
    found = json.loads(out)
    assert found["same"][0]["kind"] == "bytes" and len(found["same"][0]["pictures"]) == 2
    assert all(group["kind"] == "look" for group in found["alike"])
    code, _, err = asked(capsys, "duplicates", str(db), "--look", "97")
    assert code == 2 and "between 0.5 and 1" in err


def test_a_map_is_kept_and_printed_the_same_for_a_seed(db, capsys):
    code, out, _ = asked(capsys, "map", str(db), "--json")
    again = asked(capsys, "map", str(db), "--json")[1]
    places = json.loads(out)["pictures"]
    assert code == 0 and out == again and len(places) == 6
    assert all(-1 <= one["x"] <= 1 and -1 <= one["y"] <= 1 for one in places)
    assert db.with_name("icons.db-map").is_file()
    assert places[0]["path"] != places[1]["path"]


def test_names_alone_have_no_map_and_no_explanation(tmp_path, capsys):
    (tmp_path / "icons").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "icons" / "dot.png")
    db = str(tmp_path / "names.db")
    assert main(["index", db, str(tmp_path / "icons"), "--encoder", "none"]) == 0
    assert asked(capsys, "map", db)[0] == 2
    code, _, err = asked(capsys, "explain", db, "dot")
    assert code == 2 and "error" in err
