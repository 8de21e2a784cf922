"""`sightline verify`, `enrol` and `recognise` from the command line."""

import json

import pytest
from PIL import Image
from small_run import save_seer

from sightline.cli.main import main
from sightline.cli.verify.plot import roc_svg
from sightline.probes.verification import roc

HUES = {"red": (220, 20, 20), "green": (20, 200, 30), "blue": (20, 30, 230)}


def paint(path, colour, shade):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", (16, 16), colour)
    picture.putpixel((0, 0), (shade, shade, shade))
    picture.save(path)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return str(save_seer(tmp_path_factory.mktemp("seer") / "run"))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a class per subfolder, four pictures of each."""
    monkeypatch.chdir(tmp_path)
    for colour, pixels in HUES.items():
        for n in range(4):
            paint(tmp_path / "sorted" / colour / f"{n}.png", pixels, 40 * n)
    return tmp_path


def test_a_labelled_folder_is_verified_with_json_and_a_plot(run, place, capsys):
    words = ["verify", run, "sorted", "--pairs", "24", "--folds", "3", "--json", "--plot", "roc.png"]
    assert main(words) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["format"] == 1 and told["pairs"] == {"same": 12, "different": 12} and len(told["folds"]) == 3
    assert 0 <= told["eer"] <= 1 and told["roc"][0] == [0, 0] and told["roc"][-1] == [1, 1]
    assert [rate["far"] for rate in told["rates"]] == [0.1]
    with Image.open("roc.png") as drawn:
        assert min(drawn.size) > 400 and drawn.convert("L").getextrema()[0] < 100
    assert "folds share classes" in said.err


def test_a_file_of_pairs_names_every_picture_that_is_missing(run, place, capsys):
    pairs = [("red/0.png", "red/1.png", 1), ("red/2.png", "blue/2.png", 0), ("red/1.png", "gone.png", 0)]
    pairs += [("blue/0.png", "blue/1.png", 1), ("red/3.png", "blue/3.png", 0), ("lost.png", "gone.png", 1)]
    lines = [f"{a},{b},{same}" for a, b, same in pairs]
    (place / "pairs.csv").write_text("\n".join(["left,right,same", *lines]), encoding="utf-8")
    assert main(["verify", run, "pairs.csv", "--root", "sorted", "--folds", "2"]) == 0
    said = capsys.readouterr()
    assert "2 pictures of pairs.csv are not there, 2 pairs left out" in said.err
    assert "  gone.png" in said.err and "  lost.png" in said.err and "EER" in said.out


def test_a_threshold_chosen_elsewhere_is_reported_here(run, place, capsys):
    assert main(["verify", run, "sorted", "--pairs", "24", "--folds", "2", "--choose-on", "sorted"]) == 0
    assert "chosen on sorted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["gone-run", "sorted"], "gone-run"),
        (["RUN", "sorted/red"], "no labels to draw pairs from"),
        (["RUN", "sorted", "--plot", "roc.gif"], "drawn as .png or .svg"),
        (["RUN", "sorted", "--root", "sorted"], "--root is for files of pairs"),
        (["RUN", "sorted", "--folds", "1"], "at least 2"),
    ],
)
def test_what_cannot_be_verified_is_said(run, place, capsys, words, says):
    assert main(["verify", *(run if word == "RUN" else word for word in words)]) == 2
    assert says in capsys.readouterr().err


def test_the_plot_escapes_its_title_and_marks_the_error_rate():
    drawn = roc_svg(roc([0.9, 0.4, 0.6, 0.1], [True, True, False, False]), "a < b")
    assert "a &lt; b" in drawn and "EER 50.0%" in drawn


def test_pictures_are_enrolled_and_recognised_and_others_rejected(run, place, capsys):
    (place / "sorted" / "empty").mkdir()
    assert main(["enrol", run, "sorted", "--into", "g.db"]) == 0
    said = capsys.readouterr()
    assert "3 identities, 12 pictures" in said.out and "1 classes without a usable picture were skipped" in said.err
    paint(place / "door" / "red" / "new.png", HUES["red"], 199)
    paint(place / "door" / "white" / "new.png", (255, 255, 255), 198)
    paint(place / "door" / "red" / "old.png", HUES["red"], 40)
    assert main(["recognise", "g.db", "door", "door/red/new.png", "--far", "0.01", "--json"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["identities"] == 3 and told["limit"]["small"] and told["limit"]["impostors"] == 12
    assert told["examples_left_out"] == 1 and len(told["results"]) == 3
    assert told["score"]["known"] == 1 and told["score"]["unknown"] == ["white"]
    assert told["results"][0]["name"] == "red" == told["results"][0]["nearest"]
    assert "too small for a false-accept rate of 0.01" in said.err


def test_enrolling_more_tells_what_the_gallery_has(run, place, capsys):
    paint(place / "more" / "red" / "4.png", HUES["red"], 177)
    paint(place / "more" / "white" / "0.png", (255, 255, 255), 178)
    assert main(["enrol", run, "sorted", "--into", "g.db"]) == 0
    capsys.readouterr()
    assert main(["enrol", run, "more", "--into", "g.db"]) == 0
    said = capsys.readouterr()
    assert said.out.split("\n")[:2] == ["     5  red", "     1  white"] and "4 identities, 14 pictures" in said.out
    assert "1 identities have one picture" in said.err


def test_a_rate_that_is_none_is_refused_before_the_encoder_is_loaded(run, place, capsys):
    assert main(["enrol", run, "sorted", "--into", "g.db"]) == 0
    capsys.readouterr()
    assert main(["recognise", "g.db", "sorted", "--far", "0", "--encoder", "gone-run"]) == 2
    assert "--far 0.0: expected a share" in capsys.readouterr().err


def test_a_gallery_of_another_encoder_is_refused(run, place, capsys):
    assert main(["enrol", run, "sorted", "--into", "g.db"]) == 0
    capsys.readouterr()
    assert main(["recognise", "g.db", "sorted/red/0.png", "--encoder", "builtin:icons"]) == 2
    assert "cannot be compared with those" in capsys.readouterr().err
    assert main(["recognise", "g.db", "gone.png"]) == 2
    assert "there is no picture at gone.png" in capsys.readouterr().err
