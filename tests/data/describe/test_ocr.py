"""Text in pictures, written by the house's own renderer and read by rapidocr."""

import importlib.util

import numpy as np
import pytest

from sightline.data.decode.svg.rasterize import rasterize
from sightline.data.describe import ocr
from sightline.data.describe.described import describe
from sightline.data.sample import Sample
from sightline.data.scenes import Scenes, to_svg


@pytest.fixture(scope="module")
def read():
    return ocr.reader()


def scene_with_text():
    scenes = Scenes(level=4, n=50, size=96)
    return next(
        s for s in map(scenes.scene, range(50)) if any(e.kind == "text" and len(e.value) > 3 for e in s.elements)
    )


def test_the_text_of_a_scene_is_read_and_quoted_and_marked(read):
    scene = scene_with_text()
    [words] = [e.value for e in scene.elements if e.kind == "text"]
    found = describe(Sample(key="x", image=rasterize(to_svg(scene), 480)[..., :3]), styles=False, reader=read)
    assert words in found.text and found.ocr
    assert f'"{words}"' in found.caption()


def test_a_drawing_that_holds_its_text_is_not_read():
    def never(picture):
        raise AssertionError("its own text is exact")

    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 20"><text y="15">Sign in</text></svg>'
    found = describe(Sample(key="x", image=svg), styles=False, reader=never)
    assert found.text == ["Sign in"] and not found.ocr


def test_single_signs_and_unsure_lines_are_dropped(monkeypatch):
    class Engine:
        def __init__(self, params):
            assert params["Global.text_score"] == 0.6

        def __call__(self, picture):
            assert picture[0, 0].tolist() == [3, 2, 1]  # blue, green, red
            return type(
                "Found", (), {"txts": ("Menu", "回", "★☆", "blurred", " 5% "), "scores": (0.9, 0.9, 0.9, 0.5, 0.7)}
            )

    import rapidocr

    monkeypatch.setattr(rapidocr, "RapidOCR", Engine)
    assert ocr.reader()(np.full((4, 4, 3), (1, 2, 3), np.uint8)) == ["Menu"]


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(ocr, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'sightline\[ocr\]'"):
        ocr.reader()
    assert importlib.util.find_spec("rapidocr") is not None
