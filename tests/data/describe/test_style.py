"""Style words against drawings whose style is known."""

import re
from pathlib import Path

import numpy as np
import pytest

from sightline.data.describe.described import describe
from sightline.data.describe.style import WORDS, face, symmetry
from sightline.data.sample import Sample
from sightline.data.scenes import Scenes, to_svg
from sightline.data.scenes.record import record

DOCS = Path(__file__).parents[3] / "docs" / "data" / "captions.md"
SHARED = ("flat", "filled", "outlined", "thin", "thick", "rounded", "minimal", "monochrome", "dense", "airy")


def told(image):
    return describe(Sample(key="x", image=image), styles=True, reader=None)


def icon(body, **paint):
    said = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in paint.items())
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"{said}>{body}</svg>'.encode()


HOUSE = "<path d='M3 11L12 3l9 8v10H3z'/>"


@pytest.mark.parametrize(
    ("paint", "words"),
    [
        ({}, {"flat", "filled", "angular", "minimal", "monochrome", "symmetric"}),
        ({"fill": "none", "stroke": "#000", "stroke_width": 1}, {"outlined", "thin", "angular", "symmetric"}),
        ({"fill": "none", "stroke": "#000", "stroke_width": 3}, {"outlined", "thick", "angular", "symmetric"}),
        ({"fill": "none", "stroke": "#000", "stroke_dasharray": "2 1"}, {"outlined", "dashed"}),
        ({"fill": "#bbb", "stroke": "#000", "stroke_width": 1.5}, {"outlined", "duotone", "monochrome"}),
    ],
)
def test_a_house_is_called_as_it_is_drawn(paint, words):
    found = set(told(icon(HOUSE, **paint)).style)
    assert words <= found, found
    assert not found & {"outlined", "filled"} - words


def test_gradients_shadows_and_fonts_are_told():
    gradient = "<linearGradient id='g'><stop stop-color='red'/><stop offset='1' stop-color='blue'/></linearGradient>"
    shaded = HOUSE.replace("<path", "<path fill='url(#g)'")
    assert "gradient" in told(icon(gradient + shaded)).style and "flat" not in told(icon(gradient + shaded)).style
    shadow = "<filter id='s'><feDropShadow dx='1' dy='1' stdDeviation='1'/></filter>"
    lifted = shaded.replace("<path", "<path filter='url(#s)'")
    assert "skeuomorphic" in told(icon(gradient + shadow + lifted)).style
    assert face("'Helvetica Neue', serif") == "sans-serif" and face("Georgia") == "serif"
    assert face("JetBrains Mono, monospace") == "monospaced" and face("Wingdings") == ""


def test_symmetry_is_the_share_of_ink_that_its_mirror_image_covers():
    half = np.zeros((40, 40), bool)
    half[5:35, 5:35] = True
    assert symmetry(half) == 1
    ramp = np.tril(np.ones((40, 40), bool))
    assert symmetry(ramp) == pytest.approx(0.5, abs=0.08)


def test_a_picture_without_a_ground_has_no_style():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    found = told(noise)
    assert found.look is None and not found.told


def test_pixels_of_a_drawing_earn_the_words_that_its_structure_does():
    drawn = told(icon(HOUSE, fill="none", stroke="#d71e23", stroke_width=1))
    pixels = np.full((256, 256, 3), 255, np.uint8)
    from sightline.data.decode.svg.rasterize import rasterize

    rgba = rasterize(icon(HOUSE, fill="none", stroke="#d71e23", stroke_width=1), 256)
    alpha = rgba[..., 3:] / 255
    pixels = np.round(rgba[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    assert {"flat", "outlined", "thin", "minimal", "monochrome"} <= set(told(pixels).style) & set(drawn.style)
    assert told(pixels).colours == drawn.colours == ("red",)
    assert told(pixels).ground == "white"


def agreement(count):
    """Word -> (said and true, said, true) on scenes of level 4, drawn as documents."""
    scenes = Scenes(level=4, n=count, size=96, seed=5)
    tally = {word: [0, 0, 0] for word in SHARED}
    for index in range(count):
        scene = scenes.scene(index)
        true, said = record(scene).words, told(to_svg(scene).encode()).style
        for word, row in tally.items():
            row[0] += word in true and word in said
            row[1] += word in said
            row[2] += word in true
    return tally


def test_words_said_of_scenes_are_those_they_were_drawn_in():
    tally = agreement(12)
    for word in ("flat", "filled", "outlined", "minimal", "airy"):
        both, said, true = tally[word]
        assert said and both >= 0.9 * said, (word, tally[word])
    assert tally["flat"][0] == tally["flat"][2]


@pytest.mark.slow
def test_words_said_of_many_scenes_are_those_they_were_drawn_in():
    tally = agreement(120)
    for word, (both, said, _) in tally.items():
        assert both >= (0.9 if word not in ("monochrome", "dense", "thin", "thick") else 0.7) * said, (word, tally)


def test_the_page_has_the_rule_of_every_word():
    rows = set(re.findall(r"^\| ([a-z-]+) \|", DOCS.read_text(), re.MULTILINE))
    assert set(WORDS) <= rows
