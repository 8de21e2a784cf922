"""`sightline classify --episodes` from the command line."""

import json

import pytest
from PIL import Image
from small_run import save_seer

from sightline.cli.main import main


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An encoder of pictures alone, and six classes of five shades each."""
    monkeypatch.chdir(tmp_path)
    save_seer(tmp_path / "run")
    for kind in range(6):
        (tmp_path / "sorted" / str(kind)).mkdir(parents=True)
        for n in range(5):
            picture = Image.new("RGB", (16, 16), (40 * kind, 255 - 40 * kind, 9 * n))
            picture.save(tmp_path / "sorted" / str(kind) / f"{n}.png")
    return tmp_path


def test_every_kind_of_episode_has_an_accuracy_with_its_interval(place, capsys):
    words = ["--episodes", "30", "--ways", "2", "5", "--shots-per-class", "1", "2", "--queries", "3", "--json"]
    assert main(["classify", "run", "sorted", *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(row["ways"], row["shots"]) for row in told["results"]] == [(2, 1), (2, 2), (5, 1), (5, 2)]
    for row in told["results"]:
        assert row["chance"] < row["cosine"]["accuracy"] <= 1 and row["cosine"]["half"] >= 0
        # unit vectors of one shot: the nearest by either measure is the same
        assert row["shots"] > 1 or row["cosine"] == row["euclidean"]


def test_a_fine_tuned_classifier_is_measured_beside_the_means(place, capsys):
    words = ["--episodes", "20", "--ways", "3", "--shots-per-class", "2", "--queries", "3", "--finetune", "20"]
    assert main(["classify", "run", "sorted", *words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (row,) = told["results"]
    assert told["finetune"] == 20 and row["chance"] < row["finetuned"]["accuracy"] <= 1
    assert main(["classify", "run", "sorted", *words]) == 0
    assert f"finetuned {row['finetuned']['accuracy']:.2%} ± " in capsys.readouterr().out


def test_more_ways_than_classes_are_refused(place, capsys):
    assert main(["classify", "run", "sorted", "--episodes", "9", "--ways", "7", "--queries", "3"]) == 2
    assert "has 6 classes of 4 usable pictures or more (of 6); ask for fewer --ways" in capsys.readouterr().err
