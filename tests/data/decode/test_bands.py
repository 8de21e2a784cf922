"""Pictures of any number of bands, from file to what a tower reads, and every kind of wrong one refused by name."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from sightline.data.decode import bands
from sightline.data.decode.picture import decode, measure, preview
from sightline.data.prepare.preprocess import Preprocess
from sightline.data.sample import BadSample
from sightline.data.sources.folder import open_folder
from sightline.search.fill.picture import content_of

SEVEN = Preprocess(size=16, channels=7, mean=(0.5,) * 7, std=(0.25,) * 7, resize="squash")


def saved(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def tiff(array):
    """An (y, x, band) uint8 array as one deflated strip."""
    part = zlib.compress(array.tobytes())
    y, x, c = array.shape
    tags = ((256, x), (257, y), (259, 8), (262, 1), (273, 8), (277, c), (278, y), (279, len(part)))
    bits = 8 + len(part)
    lines = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags]
    lines.insert(2, struct.pack("<HHII", 258, 3, c, bits))
    at = bits + 2 * c
    return (
        (struct.pack("<2sHI", b"II", 42, at) + part + struct.pack(f"<{c}H", *[8] * c) + struct.pack("<H", len(lines)))
        + b"".join(lines)
        + bytes(4)
    )


def noise(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 250, shape).astype(dtype)


def test_every_way_to_store_it_gives_the_same_view(tmp_path):
    array = noise(16, 16, 7)
    expected = (array.transpose(2, 0, 1) / 255 - 0.5) / 0.25
    (tmp_path / "a.npy").write_bytes(saved(array))
    (tmp_path / "a.tif").write_bytes(tiff(array))
    given = (array, saved(array), saved(array.transpose(2, 0, 1)), tmp_path / "a.npy", str(tmp_path / "a.tif"))
    for one in given:
        view = SEVEN(one)
        assert view.shape == (7, 16, 16) and view.dtype == np.float32
        np.testing.assert_allclose(view, expected, atol=1e-6)


def test_integers_are_scaled_and_floats_are_not():
    array = noise(16, 16, 7)
    np.testing.assert_allclose(SEVEN(saved(array.astype(np.uint16) * 257)), SEVEN(array), atol=1e-5)
    np.testing.assert_allclose(SEVEN(saved(array.astype(np.float32) / 255)), SEVEN(array), atol=1e-5)
    reflectance = Preprocess(size=16, channels=2, mean=(300.0, 0.0), std=(100.0, 1.0))
    view = reflectance(saved(np.stack([np.full((16, 16), 500.0), np.zeros((16, 16))]).astype(np.float32)))
    assert (view[0] == 2).all() and (view[1] == 0).all()


@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_each_band_has_the_geometry_of_a_colour_picture(resize, interpolation):
    rgb = noise(30, 44, 3)
    colour = Preprocess(size=20, resize=resize, interpolation=interpolation, mean=(0,) * 3, std=(1,) * 3)
    many = Preprocess(size=20, resize=resize, interpolation=interpolation, channels=6, mean=(0,) * 6, std=(1,) * 6)
    view, expected = many(np.concatenate([rgb, rgb], axis=2)), colour(rgb)
    inside = slice(4, 16) if resize == "pad" else slice(None)
    # colours are rounded to eight bits after each of the resize's two passes and cut at black and white; bands are not
    np.testing.assert_allclose(view[:3, inside].clip(0, 1), expected[:, inside], atol=1.6 / 255)
    np.testing.assert_array_equal(view[:3], view[3:])


def test_padding_is_nothing():
    view = Preprocess(size=8, channels=2, mean=(0.3, 0.7), std=(0.1, 0.1))(noise(4, 8, 2))
    assert (view[:, :2] == 0).all() and (view[:, 6:] == 0).all() and view[:, 2:6].any()


def test_a_picture_of_other_bands_is_refused_naming_both_numbers():
    for wrong in (saved(noise(16, 16, 5)), saved(noise(5, 16, 16)), tiff(noise(16, 16, 5)), noise(16, 16, 5)):
        with pytest.raises(BadSample, match="a picture of 5 bands .* where 7 are expected"):
            SEVEN(wrong)
    with pytest.raises(BadSample, match="a picture of 3 bands .* where 7 are expected"):
        SEVEN(Image.new("RGB", (8, 8)))
    for wrong in (saved(noise(16, 16, 7)), tiff(noise(16, 16, 7))):
        with pytest.raises(BadSample, match=r"7 bands .* where 3 or 4 or 1 are expected; Preprocess\(channels=7\)"):
            Preprocess(size=8)(wrong)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((16, 16, 7), np.int64), "an array of int64; expected uint8, uint16 or floating point"),
        (np.zeros((16, 16, 7), np.uint32), "an array of uint32"),
        (np.zeros((16, 16, 7), np.bool_), "an array of bool"),
        (np.zeros((16, 16, 7), np.complex64), "an array of complex64"),
        (np.zeros((2, 16, 16, 7), np.uint8), "no picture: expected"),
        (np.zeros(16, np.uint8), "no picture: expected"),
        (np.zeros((0, 16, 7), np.uint8), "no picture: expected"),
        (np.full((16, 16, 7), np.nan, np.float32), "256 values are not finite"),
        (np.array([[None]], object), "pickled Python objects"),
    ],
)
def test_wrong_arrays_are_refused(array, said):
    with pytest.raises(BadSample, match=said):
        SEVEN(saved(array))


def test_bombs_are_refused_before_they_are_made():
    header = saved(np.zeros((16, 16, 7), np.uint8))[:128]
    with pytest.raises(BadSample, match="takes 9,999,800,001,000,000 bytes|cut or padded"):
        SEVEN(header.replace(b"(16, 16, 7), }        ", b"(99999, 99999, 7), }  "))
    with pytest.raises(BadSample, match="bomb: 9000 x 9000 x 7 uint8"):
        bands.channels_last(np.broadcast_to(np.uint8(0), (9000, 9000, 7)), 7)
    forged = bytearray(tiff(noise(4, 4, 7)))
    at = struct.unpack_from("<I", forged, 4)[0] + 2
    struct.pack_into("<HHII", forged, at, 256, 4, 1, 2**31)
    with pytest.raises(BadSample, match="bomb: 4 x 2147483648 x 7"):
        SEVEN(bytes(forged))


def test_four_channels_are_pillows_own_where_it_has_four():
    four = Preprocess(size=8, channels=4, mean=(0,) * 4, std=(1,) * 4)
    rgba = noise(8, 8, 4)
    for format, options in (("PNG", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})):
        file = io.BytesIO()
        Image.fromarray(rgba).save(file, format, **options)
        np.testing.assert_allclose(four(file.getvalue()), rgba.transpose(2, 0, 1) / 255, atol=1e-6)
    np.testing.assert_allclose(four(Image.fromarray(rgba)), rgba.transpose(2, 0, 1) / 255, atol=1e-6)


def test_arrays_of_colours_are_pictures_like_any_other(tmp_path):
    rgb = noise(20, 12, 3)
    view = Preprocess(size=12)
    for array in (rgb, rgb.transpose(2, 0, 1), rgb.astype(np.uint16) * 257, (rgb / np.float32(255)).astype(np.float64)):
        np.testing.assert_array_equal(view(saved(array)), view(rgb))
    np.testing.assert_array_equal(decode(saved(rgb[:, :, 0])), np.repeat(rgb[:, :, :1], 3, axis=2))
    grey = Preprocess(size=12, channels=1, mean=(0.5,), std=(0.5,))
    np.testing.assert_array_equal(grey(saved(rgb)), grey(rgb))
    np.testing.assert_array_equal(decode(tiff(noise(9, 8, 4))), noise(9, 8, 4))


@pytest.mark.parametrize(
    "data", [saved(noise(30, 20, 7)), saved(noise(7, 30, 20)), saved(noise(30, 20)), tiff(noise(30, 20, 7))]
)
def test_they_are_measured_by_their_header(data):
    assert measure(data) == (20, 30)


@pytest.mark.parametrize("shape", [(30, 20, 7), (7, 30, 20), (30, 20, 2)])
def test_they_are_shown_in_false_colours(shape):
    array = np.random.default_rng(0).normal(3000, 200, shape).astype(np.float32)
    shown = preview(saved(array), 10)
    assert shown.shape == (15, 10, 3) and shown.dtype == np.uint8 and 90 < shown.mean() < 165
    with pytest.raises(BadSample, match="not a picture"):
        preview(b"hello", 10)


def test_they_are_indexed_like_any_other_picture():
    found = content_of(saved(noise(30, 20, 7)), SEVEN)
    assert found.bad is None and (found.width, found.height) == (20, 30)
    assert found.pixels is not None and found.pixels.shape == (7, 16, 16) and found.thumb
    assert "7 bands" in str(content_of(saved(noise(30, 20, 7)), Preprocess(size=8)).bad)


def test_a_folder_lists_arrays(tmp_path):
    for name in ("field.npy", "river.npy"):
        np.save(tmp_path / name, noise(7, 16, 16))
    source = open_folder(tmp_path)
    assert [sample.key for sample in map(source.__getitem__, range(len(source)))] == ["field.npy", "river.npy"]
    assert source[1].captions == ("river",)
    assert SEVEN(source[0].image).shape == (7, 16, 16)
