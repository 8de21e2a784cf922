"""The first frame that shows something stands for an animation, and the file alone decides which."""

import io

import numpy as np
import pytest
from PIL import Image

from sightline.data.decode import frame
from sightline.data.decode.picture import decode, measure, own_bands
from sightline.data.sample import BadSample
from sightline.search.fill.picture import dimensions

CLEAR, BLACK = Image.new("RGBA", (32, 32)), Image.new("RGB", (32, 32))
RED, BLUE = (Image.new("RGB", (32, 32), colour) for colour in ("red", "blue"))
SPOT = BLACK.copy()
SPOT.paste("red", (8, 8, 24, 24))
FORMATS = [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("WEBP", {}), ("AVIF", {}), ("TIFF", {})]


def animated(format, *frames, **options):
    file = io.BytesIO()
    frames[0].save(file, format, save_all=True, append_images=list(frames[1:]), **options)
    return file.getvalue()


@pytest.mark.parametrize(("format", "options"), FORMATS)
def test_the_first_frame_that_shows_something_stands_for_all(format, options):
    for first in (BLACK, Image.new("RGB", (32, 32), "white"), BLUE):
        pixels = decode(animated(format, first, BLACK, SPOT, RED, **options)).astype(int)
        assert np.abs(pixels[16, 16] - (255, 0, 0)).max() < 24 and np.abs(pixels[1, 1]).max() < 24
    later = decode(animated(format, SPOT, RED.rotate(3), RED, **options)).astype(int)
    assert np.abs(later[1, 1]).max() < 24


@pytest.mark.parametrize(("format", "options"), FORMATS[1:4])
def test_a_transparent_first_frame_is_passed_over(format, options):
    pixels = decode(animated(format, CLEAR, CLEAR, RED.convert("RGBA"), **options)).astype(int)
    assert pixels.shape == (32, 32, 3) and np.abs(pixels - (255, 0, 0)).max() < 8


@pytest.mark.parametrize(("format", "options"), FORMATS)
def test_of_flat_frames_a_colour_stands_before_black_and_white_and_the_first_before_others(format, options):
    assert np.abs(decode(animated(format, BLACK, RED, BLUE, **options)).astype(int)[3, 3] - (255, 0, 0)).max() < 8
    assert np.abs(decode(animated(format, BLUE, RED, **options)).astype(int)[3, 3] - (0, 0, 255)).max() < 8
    assert decode(animated(format, BLACK, Image.new("RGB", (32, 32), "white"), **options)).max() < 8


def test_pages_of_deep_greys_are_chosen_as_well():
    ramp = np.linspace(0, 4095, 1024).reshape(32, 32)
    for dtype in (np.uint16, np.int32, np.float32):
        first, second = (Image.fromarray(values.astype(dtype)) for values in (ramp * 0, ramp))
        data = animated("TIFF", first, second)
        assert decode(data).max() == 255 and own_bands(data).getextrema()[1] == 4095


def test_a_page_of_another_size_can_stand_for_all():
    data = animated("TIFF", BLACK, SPOT.resize((64, 48)))
    assert decode(data).shape == (48, 64, 3)
    assert measure(data) == dimensions(data) == (64, 48)


def test_a_later_frame_that_is_broken_leaves_the_first():
    whole = animated("GIF", BLUE, SPOT)
    assert decode(whole)[16, 16].tolist() == [254, 0, 0] or decode(whole)[16, 16, 0] > 240
    assert decode(whole[:-40])[16, 16, 2] > 240


def test_what_is_transparent_throughout_is_blank():
    for image in (CLEAR, Image.new("LA", (8, 8)), Image.new("RGBA", (8, 8), (255, 0, 0, 0))):
        file = io.BytesIO()
        image.save(file, "PNG")
        with pytest.raises(BadSample, match="^blank: every pixel is transparent"):
            decode(file.getvalue())
    with pytest.raises(BadSample, match="^blank"):
        decode(animated("PNG", CLEAR, CLEAR))
    # an array is what a program made, and knows
    assert decode(np.zeros((8, 8, 4), np.uint8)).shape == (8, 8, 4)


def test_one_flat_colour_is_a_picture():
    for image in (BLACK, RED, Image.new("RGBA", (8, 8), (255, 0, 0, 1))):
        file = io.BytesIO()
        image.save(file, "PNG")
        assert decode(file.getvalue()).shape[:2] == image.size


def test_a_fourth_band_of_zeros_is_unused_in_formats_where_it_often_is():
    for format in ("BMP", "TGA"):
        file = io.BytesIO()
        Image.new("RGBA", (8, 8), (9, 20, 30, 0)).save(file, format)
        assert decode(file.getvalue())[3, 3].tolist() == [9, 20, 30]


def test_how_far_is_looked_is_bounded(monkeypatch):
    seen = []
    monkeypatch.setattr(frame, "visibility", lambda image: seen.append(image.tell()) or frame.EMPTY)
    frames = [Image.new("RGB", (8, 8), (0, 0, number)) for number in range(100)]
    decode(animated("GIF", *frames))
    assert len(seen) == frame.FRAMES
    seen.clear()
    monkeypatch.setattr(frame, "PIXELS", 10 * 64)
    decode(animated("GIF", *frames))
    assert len(seen) == 11
