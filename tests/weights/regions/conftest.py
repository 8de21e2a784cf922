"""A detector that knows where things are, and a folder of captioned pictures."""

import numpy as np
import pytest
from perfect import BOXES, Perfect
from PIL import Image


@pytest.fixture
def perfect():
    return Perfect()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    """Three pictures of 96 x 64 with a box of a colour and its caption."""
    place = tmp_path / "pictures"
    place.mkdir()
    for key, (colour, (x, y, w, h)) in BOXES.items():
        pixels = np.full((64, 96, 3), 255, np.uint8)
        pixels[y : y + h, x : x + w] = Perfect.COLOURS[colour]
        Image.fromarray(pixels).save(place / f"{key}.png")
        (place / f"{key}.txt").write_text(f"a {colour} box on a plain wall")
    return place
