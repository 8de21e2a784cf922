"""A library with planted duplicates, and screenshots where they are asked for."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.web.conftest import paint, run_server

SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="session")
def shot():
    """Takes a screenshot into $SIGHTLINE_SCREENSHOTS, so that somebody can look."""

    def take(page, name):
        if folder := os.environ.get("SIGHTLINE_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}.png")

    return take


@pytest.fixture(params=[(size, theme) for size in SIZES for theme in ("light", "dark")], ids="-".join)
def look(request):
    """Sets a page to a width and a theme; its name."""

    def set_to(page):
        size, theme = request.param
        page.set_viewport_size(SIZES[size])
        page.emulate_media(color_scheme=theme)
        return f"{size}-{theme}"

    return set_to


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """The painted library, with a file twice, the same pixels in another format, and one a shade away."""
    place = tmp_path_factory.mktemp("twins")
    folder = paint(place / "pictures")
    shutil.copy(folder / "house.svg", folder / "house-copy.svg")
    Image.open(folder / "fog.webp").save(folder / "fog-png.png")
    near = np.array(Image.open(folder / "wide-sea.png"))
    near[:200, :200] += 20
    Image.fromarray(near).save(folder / "wide-sea-light.png")
    yield from run_server(folder, place / "twins.db")
