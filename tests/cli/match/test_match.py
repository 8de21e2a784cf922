"""`sightline match` from the command line."""

import json

import numpy as np
import pytest
from PIL import Image

from sightline.cli.main import main
from sightline.search.match import extra


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Two views of one wall of noise, the second 16 pixels further right and 8 further down; and a flat one."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 255, (60, 70, 3)).astype(np.uint8)
    wall = Image.fromarray(noise).resize((280, 240), Image.Resampling.BICUBIC)
    wall.crop((0, 0, 240, 200)).save("a.png")
    wall.crop((16, 8, 256, 208)).save("b.png")
    Image.new("RGB", (80, 80), (200, 30, 30)).save("flat.png")
    return tmp_path


@pytest.mark.parametrize("by", ["sift", "pixels"])
def test_two_views_of_one_wall_match_and_the_matches_are_drawn(place, capsys, by):
    assert main(["match", by, "a.png", "b.png", "--out", "drawn.png", "--json", "--points", "600"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    points, inliers = np.array(told["points"]), np.array(told["inliers"])
    assert told["format"] == 1 and told["encoder"] == by and len(points) == told["matches"] > 30
    moved = np.median((points[:, :2] - points[:, 2:])[inliers], axis=0)
    assert np.abs(moved - [16, 8]).max() <= max(0.5, told["pitch"][0] / 2)
    assert told["rotation"] is None and told["residual"] < 3
    with Image.open("drawn.png") as drawn:
        assert drawn.width > 2 * 600 and "drawn.png: the matches" in said.err


def test_known_intrinsics_tell_how_the_camera_turned(place, capsys):
    assert main(["match", "sift", "a.png", "b.png", "--intrinsics", "480,480,240,200@480x400"]) == 0
    said = capsys.readouterr().out
    assert "rotation" in said and "movement" in said and "px from the epipolar line" in said


def test_pictures_without_enough_in_common_are_drawn_and_said(place, capsys):
    assert main(["match", "pixels", "a.png", "flat.png", "--out", "drawn.png"]) == 2
    assert "0 matches of a.png and flat.png, and no geometry" in capsys.readouterr().err
    assert (place / "drawn.png").is_file()


def test_a_folder_without_enough_pictures_is_no_model(place, capsys):
    assert main(["match", "sift", ".", "--reconstruct", "model", "--near", "0"]) == 2
    assert "no two of 3 pictures have 15 matches" in capsys.readouterr().err or not (place / "model").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["a.png"], "1 pictures: two are matched"),
        (["a.png", "b.png", "flat.png"], "3 pictures: two are matched"),
        (["a.png", "gone.png"], "there is no picture at gone.png"),
        (["a.png", "b.png", "--intrinsics", "585"], "expected fx,fy,cx,cy"),
        (["a.png", "b.png", "--intrinsics", "5,5,5,5@100x100"], "do not fit a picture of 240 x 200"),
        (["a.png", "b.png", "--ratio", "1.5"], "above 0 and at most 1"),
        (["a.png", "b.png", "--points", "0"], "expected at least 1"),
        (["a.png", "b.png", "--tolerance", "0"], "expected pixels, above 0"),
        (["a.png", "b.png", "--out", "drawn.jpg"], "drawn as .png"),
        (["a.png", "b.png", "--reconstruct", "model"], "one source of pictures"),
        (["nowhere", "--reconstruct", "model"], "nowhere"),
        ([".", "--reconstruct", "."], "not empty"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(place, capsys, words, reason):
    assert main(["match", "pixels", *words]) == 2
    said = capsys.readouterr()
    assert reason in said.err and said.err.count("\n") == 1 and not said.out


def test_a_file_that_is_no_picture_is_named(place, capsys):
    (place / "words.png").write_text("no picture", encoding="utf-8")
    assert main(["match", "pixels", "a.png", "words.png"]) == 2
    assert "words.png: " in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(place, capsys, monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    assert main(["match", "pixels", "a.png", "b.png"]) == 2
    assert "pip install 'sightline[match]'" in capsys.readouterr().err
