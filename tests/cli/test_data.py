"""`sightline data` shows a source and draws it, and leaves what it cannot use named."""

import json

import pytest
from PIL import Image

from sightline.cli.data import data


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set").mkdir()
    for name in ("credit-card", "red-star"):
        Image.new("RGB", (30, 20)).save(tmp_path / "set" / f"{name}.png")
    (tmp_path / "set" / "empty[1].png").touch()
    return tmp_path


def test_the_screen_shows_counts_and_reasons(folder, capsys):
    data("set")
    said = capsys.readouterr().out
    assert "3: 2 good, 1 bad" in said and "empty[1].png: empty file (0 bytes)" in said
    assert "1 copies of 1 pictures" in said and "credit-card.png = red-star.png" in said
    with Image.open(folder / "runs/data/set.png") as drawn:
        assert drawn.width > 200


def test_json_is_all_that_is_printed(folder, capsys):
    data("set?n=2", out=folder / "new" / "sheet.png", json=True)
    said = json.loads(capsys.readouterr().out)
    assert said["version"] == 1 and said["samples"] == 2 and said["sheet"] == str(folder / "new" / "sheet.png")
    assert (folder / "new" / "sheet.png").exists()


def test_nothing_good_draws_no_sheet(folder, capsys):
    (folder / "bad").mkdir()
    (folder / "bad" / "a.png").touch()
    data("bad", json=True)
    assert json.loads(capsys.readouterr().out)["sheet"] is None


def test_wrong_sources_are_one_clear_error(folder):
    with pytest.raises(ValueError, match="'nothing' is no source"):
        data("nothing")
