"""Any picture becomes upright 8-bit RGB or RGBA, and what cannot is refused with its reason."""

import gzip
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from sightline.data.decode.bands import PIXELS
from sightline.data.decode.picture import decode, measure
from sightline.data.sample import BadSample

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def encoded(image, format="PNG", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def noise(width, height, mode="RGB"):
    values = np.random.default_rng(0).integers(0, 256, (height, width, len(mode)), np.uint8)
    return Image.fromarray(values, mode if mode == "RGB" else None)


def png_header(width, height):
    """A PNG that claims a size and holds no pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM"])
def test_common_formats_decode_by_content(format, tmp_path):
    # the extension lies on purpose
    path = tmp_path / "picture.gif.jpg"
    path.write_bytes(encoded(Image.new("RGB", (20, 10), RED), format))
    pixels = decode(path)
    assert pixels.shape == (10, 20, 3) and pixels.dtype == np.uint8
    assert np.abs(pixels.reshape(-1, 3).mean(0) - RED).max() < 5


def test_zero_bytes_are_refused(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(BadSample, match=r"empty file \(0 bytes\)"):
        decode(tmp_path / "empty.png")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.9])
def test_truncated_files_are_refused(format, share):
    whole = encoded(noise(64, 64), format)
    with pytest.raises(BadSample):
        decode(whole[: max(8, int(len(whole) * share))])


def test_broken_bytes_never_raise_anything_but_bad_sample():
    rng = np.random.default_rng(1)
    for format in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"):
        whole = np.frombuffer(encoded(noise(24, 24), format), np.uint8)
        for _ in range(40):
            broken = whole.copy()
            broken[rng.integers(0, len(whole), 6)] = rng.integers(0, 256, 6)
            try:
                assert decode(broken.tobytes(), 16).dtype == np.uint8
            except BadSample:
                pass


def test_bombs_are_refused_before_their_pixels_are_made():
    for width, height in ((8001, 8001), (12_000, 8_000), (100_000, 100_000), (2**31 - 1, 2**31 - 1)):
        with pytest.raises(BadSample, match="bomb|broken"):
            decode(png_header(width, height))
    assert 8001 * 8001 > PIXELS


def test_what_is_no_picture_says_how_it_starts(tmp_path):
    with pytest.raises(BadSample, match="not a picture: it starts with b'hello'"):
        decode(b"hello")
    with pytest.raises(BadSample, match="No such file"):
        decode(tmp_path / "gone.png")
    with pytest.raises(BadSample):
        decode(tmp_path)


def test_cmyk_becomes_rgb():
    pixels = decode(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    assert pixels.shape == (8, 8, 3) and pixels[4, 4, 0] > 240 and pixels[4, 4, 1:].max() < 20


def test_sixteen_bits_keep_their_greys():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, 0)
    pixels = decode(encoded(Image.fromarray(ramp), "PNG"))
    assert pixels.shape == (4, 256, 3)
    assert (pixels[0, :, 0] == np.arange(256)).all()


def test_floating_point_pictures_are_read():
    pixels = decode(encoded(Image.fromarray(np.full((4, 4), 0.5, np.float32)), "TIFF"))
    assert (pixels == 128).all()


def test_palette_transparency_becomes_alpha():
    image = Image.new("P", (4, 4), 0)
    image.putpalette([*RED, *GREEN])
    image.putpixel((1, 1), 1)
    pixels = decode(encoded(image, "PNG", transparency=0))
    assert pixels.shape == (4, 4, 4)
    assert tuple(pixels[1, 1]) == (*GREEN, 255) and pixels[0, 0, 3] == 0


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P", "RGBA"])
def test_other_modes_decode(mode):
    image = Image.new(mode, (5, 7))
    image.putpixel((2, 3), {"LA": (255, 255), "RGBA": (*RED, 255)}.get(mode, 1))
    assert decode(encoded(image, "PNG")).shape[:2] == (7, 5)


def test_alpha_is_kept_only_where_something_shows_through():
    assert decode(encoded(Image.new("RGBA", (4, 4), (*RED, 255)))).shape[2] == 3
    assert decode(encoded(Image.new("RGBA", (4, 4), (*RED, 254)))).shape[2] == 4


def test_exif_rotation_is_applied():
    image = Image.new("RGB", (30, 20), RED)
    image.paste(BLUE, (0, 0, 30, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter clockwise to be upright: the top row becomes the right column
    pixels = decode(encoded(image, "PNG", exif=exif))
    assert pixels.shape == (30, 20, 3)
    assert tuple(pixels[15, 15]) == BLUE and tuple(pixels[15, 5]) == RED


def test_animations_give_their_first_frame():
    frames = [Image.new("RGB", (6, 6), colour) for colour in (RED, GREEN, BLUE)]
    for format in ("GIF", "WEBP", "PNG"):
        options = {"lossless": True} if format == "WEBP" else {}
        data = encoded(frames[0], format, save_all=True, append_images=frames[1:], **options)
        assert tuple(decode(data)[3, 3]) == RED


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_large_rasters_are_reduced_to_the_shorter_side(format):
    data = encoded(noise(900, 601), format)
    # a JPEG is halved while decoding, its odd side rounded up
    assert decode(data, 64).shape[0] == 64 and abs(decode(data, 64).shape[1] - 96) <= 1
    assert decode(data, 5000).shape == (601, 900, 3)
    assert measure(data) == (900, 601)


def test_a_strip_stays_small():
    pixels = decode(encoded(Image.new("RGB", (20_000, 100), RED)), 64)
    assert pixels.shape[0] * pixels.shape[1] <= 16.1 * 64 * 64


def test_reducing_premultiplies_so_hidden_colour_never_bleeds():
    hidden = np.zeros((64, 64, 4), np.uint8)
    hidden[..., 1] = 255  # invisible green
    hidden[:, 20:44] = (255, 0, 0, 255)
    pixels = decode(encoded(Image.fromarray(hidden)), 16)
    seen = pixels[pixels[..., 3] > 8]
    assert seen[:, 1].max() <= 2 and seen[:, 0].min() >= 250


def test_arrays_pass_and_wrong_ones_are_refused():
    array = np.zeros((40, 40, 3), np.uint8)
    assert decode(array).shape == (40, 40, 3) and decode(array, 20).shape == (20, 20, 3)
    assert decode(array[..., 0]).shape == (40, 40, 3)
    for wrong in (array.astype(np.float32), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(BadSample, match="expected a uint8 array"):
            decode(wrong)


def test_compressed_svg_is_read():
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><rect width="2" height="1" fill="red"/></svg>'
    assert decode(gzip.compress(svg), 20).shape == (20, 40, 3)
    with pytest.raises(BadSample):
        decode(gzip.compress(svg)[:-30], 20)
