"""Of an icon file the largest picture stands, of equal ones the one of more colours."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from sightline.data.decode.icon_file import largest
from sightline.data.decode.picture import decode, measure, open_raster
from sightline.data.sample import BadSample
from sightline.search.fill.picture import dimensions


def png(side, colour):
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, "PNG")
    return file.getvalue()


def dib(side, colour, bits=32):
    """A bitmap as it lies in an icon file: twice as high, its mask behind it."""
    head = struct.pack("<IiiHHIIiiII", 40, side, 2 * side, 1, bits, 0, 0, 0, 0, 0, 0)
    red, green, blue = colour
    if bits == 32:
        body = bytes([blue, green, red, 255]) * side * side
    else:  # one bit: a palette of black and the colour, every pixel the second
        body = bytes([0, 0, 0, 0, blue, green, red, 0]) + (b"\xff" * (side // 8) + bytes(-(side // 8) % 4)) * side
    return head + body + (bytes(side // 8) + bytes(-(side // 8) % 4)) * side


def ico(*pictures, kind=1):
    at, entries = 6 + 16 * len(pictures), b""
    for picture in pictures:
        entries += struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 0, len(picture), at)
        at += len(picture)
    return struct.pack("<HHH", 0, kind, len(pictures)) + entries + b"".join(pictures)


def icns(**blocks):
    body = b"".join(name.encode() + struct.pack(">I", 8 + len(block)) + block for name, block in blocks.items())
    return b"icns" + struct.pack(">I", 8 + len(body)) + body


RED, GREEN = (255, 0, 0), (0, 128, 0)


@pytest.mark.parametrize("kind", [1, 2])
def test_the_largest_stands(kind):
    small, large = dib(16, GREEN), dib(32, RED)
    for pictures in ((small, large), (large, small), (small, png(64, RED)), (png(48, RED), large, small)):
        pixels = decode(ico(*pictures, kind=kind))
        assert pixels.shape[0] == max(32, len(pixels)) and (pixels == RED).all()
        assert measure(ico(*pictures, kind=kind)) == dimensions(ico(*pictures, kind=kind)) == pixels.shape[1::-1]


def test_of_equal_ones_the_deepest_stands():
    for pictures in ((dib(32, RED), dib(32, GREEN, 1)), (dib(32, GREEN, 1), dib(32, RED))):
        assert (decode(ico(*pictures)) == RED).all()
    assert (decode(ico(dib(32, RED, 1))) == RED).all()


def test_one_entry_that_leads_nowhere_does_not_spoil_the_others():
    whole = bytearray(ico(dib(16, GREEN), dib(32, RED)))
    struct.pack_into("<II", whole, 6 + 8, 10**6, 10**9)
    assert (decode(bytes(whole)) == RED).all()
    with pytest.raises(BadSample, match="an icon file of 1 entries, none of them a picture"):
        decode(ico(b"nothing"))


def test_apples_largest_stands():
    data = icns(**{"ic07": png(128, GREEN), "ic09": png(512, RED), "TOC ": b"12345678", "ic11": png(32, GREEN)})
    assert decode(data).shape == (512, 512, 3) and (decode(data) == RED).all()
    old = icns(is32=b"\0\xff\0" * 256, s8mk=b"\xff" * 256)
    assert decode(old).shape == (16, 16, 3) and (decode(old) == (0, 255, 0)).all()
    assert largest(old) == old


def test_what_an_icon_file_is_served_as_is_its_own_kind():
    assert open_raster(ico(png(16, RED))).image.format == "ICO"
    assert Image.MIME["ICO"] == "image/x-icon"
    assert np.asarray(open_raster(ico(png(16, RED))).image).shape == (16, 16, 3)
