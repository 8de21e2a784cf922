import csv
import json

import pytest
from small_run import save_run

from sightline.cli.main import main
from sightline.towers.spec import ResNetSpec


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A run, and a folder with a class per subfolder and one broken file."""
    monkeypatch.chdir(tmp_path)
    save_run(tmp_path / "run", ResNetSpec(depths=(1, 1), width=8))
    for kind, shape in {"arrow": '<path d="M12 2 L20 12 H4 Z"/>', "ball": '<circle cx="12" cy="12" r="9"/>'}.items():
        (tmp_path / "mine" / kind).mkdir(parents=True)
        drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{shape}</svg>'
        (tmp_path / "mine" / kind / "one.svg").write_text(drawing)
    (tmp_path / "mine" / "ball" / "cut.png").write_bytes(b"\x89PNG")
    return tmp_path


def test_the_classes_of_a_folder_are_its_labels_and_are_scored(place, capsys):
    assert main(["classify", "run", "mine"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert len(lines) == 2 and all(line.split()[1] in ("arrow", "ball") for line in lines)
    assert "of 2 pictures got the label of their class" in said.err and "cut.png" in said.err


def test_json_has_the_documented_fields(place, capsys):
    assert main(["classify", "run", "mine", "--labels", "arrow, ball", "star", "--top", "2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["format"] == 1 and said["labels"] == ["arrow", "ball", "star"] and 0 <= said["accuracy"] <= 1
    for row in said["results"]:
        assert len(row["labels"]) == 2 and row["probabilities"] == sorted(row["probabilities"], reverse=True)


def test_csv_and_labels_of_a_file(place, capsys):
    (place / "labels.txt").write_text("star\nbell\n\nmoon\n", encoding="utf-8")
    assert main(["classify", "run", "mine", "--labels", "labels.txt", "--top", "2", "--out", "g.csv"]) == 0
    with open("g.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["path", "label1", "probability1", "label2", "probability2"] and len(rows) == 3
    assert {row[1] for row in rows[1:]} <= {"star", "bell", "moon"}
    assert "% of" not in capsys.readouterr().err  # the labels are not the classes, so nothing can be right


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--labels", "star"], "at least two labels"),
        (["--labels", "star,star"], "came more than once"),
        (["--labels", "gone.txt"], "there is no such file"),
        (["--top", "0"], "--top must be at least 1"),
        (["--out", "g.parquet"], "written as .csv"),
        (["--template", "an icon"], "has no {}"),
    ],
)
def test_what_cannot_be_done_is_said(place, capsys, words, says):
    assert main(["classify", "run", "mine", *words]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["mine", "--labels", "star"], "at least two labels"),
        (["mine", "--template", "an icon"], "has no {}"),
        (["mine/ball"], "has no classes of its own"),
        (["mine", "--shots", "mine/ball"], "has no classes"),
        (["mine", "--finetune", "5"], "--finetune 5: expected steps on the examples of --shots or --episodes"),
        (["mine", "--shots", "mine", "--finetune", "-1"], "--finetune -1: expected steps"),
        (["mine", "--episodes", "1"], "--episodes 1: expected 2 or more"),
        (["mine", "--episodes", "9", "--ways", "1", "5"], "--ways 1 5: expected 2 or more"),
        (["mine", "--episodes", "9", "--shots-per-class", "0"], "--shots-per-class 0: expected 1 or more"),
        (["mine", "--episodes", "9", "--queries", "0"], "--queries 0: expected 1 or more"),
        (["mine/ball", "--episodes", "9"], "has no classes to draw episodes of"),
        (["mine", "--episodes", "9", "--ways", "2"], "has 0 classes of 16 usable pictures or more (of 2)"),
    ],
)
def test_what_cannot_be_done_is_said_before_the_encoder_is_loaded(place, capsys, words, says):
    assert main(["classify", "gone-run", *words]) == 2
    assert says in capsys.readouterr().err


def test_a_source_without_classes_needs_labels(place, capsys):
    assert main(["classify", "run", "mine/ball"]) == 2
    assert "name some, as in --labels" in capsys.readouterr().err


def draw(path, side):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="{side}"/></svg>'
    )


def test_examples_of_classes_sort_pictures_and_strangers_are_counted(place, capsys):
    for n in range(2):
        draw(place / "shots" / "ball" / f"{n}.svg", 9.1 + n / 10)
        draw(place / "shots" / "dot" / f"{n}.svg", 1 + n / 10)
    (place / "shots" / "hole").mkdir()
    (place / "mine" / "ball" / "again.svg").write_bytes((place / "shots" / "ball" / "0.svg").read_bytes())
    assert main(["classify", "run", "mine", "--shots", "shots", "--json", "--finetune", "5"]) == 0
    assert json.loads(capsys.readouterr().out)["finetune"] == 5
    assert main(["classify", "run", "mine", "--shots", "shots", "--json"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["labels"] == ["ball", "dot"] and told["strangers"] == 1 and told["accuracy"] == 1.0
    assert [row["key"] for row in told["results"]] == ["arrow/one.svg", "ball/one.svg"]
    assert "1 classes without a usable example were skipped: hole" in said.err
    assert "1 pictures are among the examples" in said.err
    assert "1 pictures of 1 classes that no example shows" in said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--shots", "mine/ball"], "has no classes"),
        (["--shots", "mine", "--labels", "a,b"], "give one kind"),
        (["--shots", "mine", "--episodes", "9"], "leave --shots out"),
    ],
)
def test_examples_that_do_not_fit_are_refused(place, capsys, words, says):
    assert main(["classify", "run", "mine", *words]) == 2
    assert says in capsys.readouterr().err
