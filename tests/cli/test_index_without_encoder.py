"""`sightline index DB SRC` without an encoder: what comes with the package."""

import json

import numpy as np
import pytest
from PIL import Image
from small_run import save_seer

from sightline.cli.main import main

SHAPES = {
    "arrow-up": '<path d="M12 2 L20 12 H14 V22 H10 V12 H4 Z"/>',
    "ball": '<circle cx="12" cy="12" r="9"/>',
    "door": '<path fill-rule="evenodd" d="M5 2h14v20H5z M15 11h2v2h-2z"/>',
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for name, shape in SHAPES.items():
        drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{shape}</svg>'
        (tmp_path / "mine" / f"{name}.svg").write_text(drawing)
    return tmp_path


def test_a_new_index_is_made_by_the_built_in_encoder_which_one_line_says(place, capsys):
    assert main(["index", "my.db", "mine"]) == 0
    told = capsys.readouterr()
    assert "3 pictures (3 new)" in told.out
    assert told.err.count("builtin:icons") == 1 and "photographs" not in told.err
    assert main(["search", "my.db", "circle", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["encoder"] == "builtin:icons" and found["results"][0]["name"] == "ball"


def test_a_later_run_takes_the_encoder_the_index_has(place, capsys):
    assert main(["index", "my.db", "mine", "--encoder", "none"]) == 0
    assert main(["index", "my.db", "mine"]) == 0
    assert "builtin" not in capsys.readouterr().err


def test_for_photographs_it_names_a_published_encoder(place, capsys):
    (place / "photos").mkdir()
    for seed in range(3):
        noise = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(place / "photos" / f"{seed}.jpg")
    assert main(["index", "photos.db", "photos"]) == 0
    told = capsys.readouterr().err
    assert "are photographs" in told and "--encoder hf-hub:" in told and "--rebuild" in told


def test_an_index_of_pictures_alone_gets_its_words_from_the_built_in_text_tower(place, capsys):
    save_seer(place / "seer")
    assert main(["index", "seen.db", "mine", "--encoder", "seer"]) == 0
    assert main(["search", "seen.db", "entrance", "--json"]) == 0
    first = json.loads(capsys.readouterr().out.split("\n", 1)[1])["results"][0]
    assert first["name"] == "door" and first["match"] == "said" and first["line"] == "door"
