"""What a picture of deep numbers holds decides its white: nothing that can be seen becomes black."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from sightline.data.decode.levels import eight_bits
from sightline.data.decode.picture import decode
from sightline.data.decode.target import read_depth, read_mask
from sightline.data.sample import BadSample

RAMP = np.linspace(0, 1, 64, dtype=np.float32)[None].repeat(64, 0)
GREYS = np.rint(RAMP[0] * 255).astype(int)
KINDS = {"u": 1, "i": 2, "f": 3}


def encoded(image, format="TIFF", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def tiff(array, order="<", photometric=None, **more):
    """An uncompressed TIFF of any type and number of bands, in either byte order."""
    array = array.reshape(*array.shape[:2], -1)
    body, bands = array.astype(array.dtype.newbyteorder(order)).tobytes(), array.shape[2]
    photometric = (2 if bands > 2 else 1) if photometric is None else photometric
    tags = {256: array.shape[1], 257: array.shape[0], 259: 1, 262: photometric, 273: 8, 277: bands, 278: len(array)}
    lists = {258: [array.dtype.itemsize * 8] * bands, 339: [KINDS[array.dtype.kind]] * bands, 279: [len(body)]}
    numbers = {tag: [value] for tag, value in tags.items()} | lists | {int(tag): [v] for tag, v in more.items()}
    at = 8 + len(body)
    entries, extra, start = b"", b"", at + 2 + 12 * len(numbers) + 4
    for tag in sorted(numbers):
        values = struct.pack(f"{order}{len(numbers[tag])}I", *numbers[tag])
        if len(values) > 4:
            values, extra = struct.pack(order + "I", start + len(extra)), extra + values
        entries += struct.pack(order + "HHI", tag, 4, len(numbers[tag])) + values
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, at)
    return head + body + struct.pack(order + "H", len(numbers)) + entries + bytes(4) + extra


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def greys(data):
    return decode(data)[40, :, 0].astype(int)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 1.0001, 1.2, 5.0, 1e6, -0.001, -9999, -3.4e38, 9.97e36])
def test_one_odd_value_does_not_blacken_a_ramp(odd):
    values = RAMP.copy()
    values[3, 5] = odd
    for data in (encoded(Image.fromarray(values)), npy(values), tiff(values, ">"), npy(values.astype(np.float64))):
        assert np.abs(greys(data) - GREYS).max() <= 1


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("top", [1, 10, 0.002, 255, 4095, 65535])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_of_any_range_are_seen(order, top, dtype):
    values = np.minimum(RAMP.astype(np.float64) * top, 65504 if dtype is np.float16 else top).astype(dtype)
    assert np.abs(greys(tiff(values, order)) - GREYS).max() <= 1
    assert np.abs(greys(npy(values)) - GREYS).max() <= 1


def test_negative_to_positive_is_black_to_white():
    for values in (RAMP * 2 - 1, RAMP * 4000 - 1000):
        assert np.abs(greys(tiff(values)) - GREYS).max() <= 1
    for dtype in (np.int8, np.int16, np.int32):
        values = (RAMP * 200 - 100).astype(dtype)
        # 200 steps are not 255
        for data in (tiff(values), tiff(values, ">"), npy(values)):
            assert np.abs(greys(data) - GREYS).max() <= 2


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_whole_numbers_are_shown_over_the_depth_that_holds_them(bits):
    values = np.rint(RAMP * (2**bits - 1)).astype(np.uint16)
    ways = [encoded(Image.fromarray(values), "TIFF"), encoded(Image.fromarray(values), "PNG"), tiff(values, ">")]
    ways += [encoded(Image.fromarray(values.astype(np.int32))), tiff(values.astype(np.uint32)), npy(values)]
    ways += [encoded(Image.fromarray(values), "TIFF", compression="tiff_lzw")]
    for data in ways:
        assert np.abs(greys(data) - GREYS).max() <= 1
    # three bands of them
    for data in (
        tiff(np.stack([values] * 3, -1)),
        tiff(np.stack([values] * 3, -1), ">"),
        npy(np.stack([values] * 3, -1)),
    ):
        assert np.abs(greys(data) - GREYS).max() <= 1


def test_a_png_of_few_bits_in_sixteen_a_colour_keeps_them_all():
    values = np.rint(np.stack([RAMP, RAMP[:, ::-1], RAMP.T], -1) * 4095).astype(np.uint16)
    rows = values.astype(">u2").tobytes()
    width = 64 * 6

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    lines = b"".join(b"\0" + rows[at : at + width] for at in range(0, len(rows), width))
    head = struct.pack(">IIBBBBB", 64, 64, 16, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    pixels = decode(b"\x89PNG\r\n\x1a\n" + body)
    assert np.abs(pixels - values / 4095 * 255).max() <= 0.51


def test_full_sixteen_bits_stay_as_they_are():
    for top in (65535, 40_000):
        values = np.rint(RAMP * top).astype(np.uint16)
        assert np.abs(greys(encoded(Image.fromarray(values), "PNG")) - RAMP[0] * top / 257).max() <= 0.51


def test_dark_content_stays_dark():
    # a fifth of full scale in 16 bits, a tenth in floats of 0..1
    assert decode(npy((RAMP * 16_384).astype(np.uint16))).max() == 64
    assert decode(npy(RAMP * 0.1)).max() in {25, 26}


def test_the_files_own_word_for_the_largest_value_counts():
    values = np.rint(RAMP * 800).astype(np.uint16)
    assert decode(tiff(values, **{"281": 1600})).max() == 128


def test_white_may_be_zero():
    values = np.rint(RAMP * 65535).astype(np.uint16)
    for order in "<>":
        assert np.abs(greys(tiff(values, order, photometric=0)) - (255 - GREYS)).max() <= 1


def test_thirty_two_bits_without_a_sign_keep_their_order():
    values = (RAMP.astype(np.float64) * (2**32 - 1)).astype(np.uint32)
    for order in "<>":
        assert np.abs(greys(tiff(values, order)) - GREYS).max() <= 1


def test_no_number_at_all_is_a_bad_sample():
    for values in (RAMP * np.nan, np.full((4, 4), np.inf, np.float32)):
        for data in (tiff(values), npy(values)):
            with pytest.raises(BadSample, match="no value of this picture is a number"):
                decode(data)


def test_opacity_has_a_scale_of_its_own():
    values = np.dstack([RAMP * 3000] * 3 + [np.full_like(RAMP, 65535)]).astype(np.uint16)
    assert decode(npy(values)).shape == (64, 64, 3)
    values[:, :, 3] = 32_768
    pixels = decode(npy(values))
    assert pixels[0, -1].tolist() == [187, 187, 187, 127]


def test_eight_bits_and_truth_values_pass():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert eight_bits(values) is values
    assert eight_bits(values > 7).max() == 255
    assert eight_bits(np.zeros((4, 4), np.float32)).max() == 0


def test_masks_and_depths_are_not_scaled():
    numbers = np.arange(64, dtype=np.uint16).reshape(8, 8)
    assert (read_mask(encoded(Image.fromarray(numbers), "PNG"), (8, 8)) == numbers).all()
    assert (read_mask(encoded(Image.fromarray(numbers.astype(np.uint8)), "PNG"), (8, 8)) == numbers).all()
    metres = RAMP[:8, :8] * 7
    assert (read_depth(encoded(Image.fromarray(metres)), (8, 8)) == metres).all()
    assert np.allclose(read_depth(encoded(Image.fromarray(numbers), "PNG"), (8, 8)), numbers / 1000)
    assert (
        read_mask(encoded(Image.fromarray(numbers > 9), "PNG"), (8, 8)).tolist() == (numbers > 9).astype(int).tolist()
    )
