"""Which sources hold photographs."""

import numpy as np
from PIL import Image

from sightline.data.sources.source import open_source
from sightline.search.photographs import flatness, mostly_photographs


def noisy(seed, size=120):
    """A gradient with a camera's noise."""
    ramp = np.linspace(40, 200, size)[None, :, None] + np.zeros((size, 1, 3))
    return np.clip(ramp + np.random.default_rng(seed).normal(0, 6, ramp.shape), 0, 255).astype(np.uint8)


def test_flatness_is_the_share_of_equal_neighbours():
    row = np.array([[[1], [1], [2], [2], [2]]], np.uint8)
    assert flatness(row) == 3 / 4
    assert flatness(np.zeros((3, 1, 3), np.uint8)) == 1


def test_a_folder_is_what_most_of_it_is(tmp_path):
    for number in range(3):
        Image.fromarray(noisy(number)).save(tmp_path / f"photo{number}.jpg")
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="9"/></svg>'
    (tmp_path / "icon.svg").write_text(drawing)
    assert mostly_photographs(open_source(str(tmp_path)))
    for number in range(5):
        (tmp_path / f"icon{number}.svg").write_text(drawing.replace('r="9"', f'r="{number + 3}"'))
    assert not mostly_photographs(open_source(str(tmp_path)))


def test_what_cannot_be_read_is_not_counted(tmp_path):
    Image.fromarray(noisy(0)).save(tmp_path / "photo.jpg")
    for number in range(3):
        (tmp_path / f"broken{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes([number]))
    assert mostly_photographs(open_source(str(tmp_path)))


def test_a_stream_is_not_asked():
    assert not mostly_photographs(object())
