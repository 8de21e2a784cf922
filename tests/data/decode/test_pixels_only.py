"""A picture that is good beside texts, EXIF or profiles that are broken or enormous is read, and stands upright."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from sightline.data.decode import orientation
from sightline.data.decode.picture import decode, measure
from sightline.data.decode.pixels_only import strip_metadata
from sightline.data.decode.target import extent
from sightline.data.sample import BadSample
from sightline.search.fill.picture import dimensions

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 32, 3), np.uint8)
PICTURE = Image.fromarray(PIXELS)


def encoded(image, format="PNG", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def chunk(kind, body=b"", sum=None):
    return (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) if sum is None else sum)
    )


def exif(turn, order=">", prefix=b"Exif\0\0"):
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, turn, 0)
    return prefix + (b"MM" if order == ">" else b"II") + struct.pack(order + "HIH", 42, 8, 1) + entry + bytes(4)


BLOCKS = {
    "a text of 80 MB": chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(80 << 20))),
    "an international one": chunk(b"iTXt", b"k\0\1\0\0\0" + zlib.compress(bytes(5 << 20))),
    "many": b"".join(chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1 << 20))) for _ in range(70)),
    "a text with a wrong sum": chunk(b"tEXt", b"a\0b", 5),
    "a broken EXIF": chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff"),
    "an EXIF of gigabytes": chunk(b"eXIf", b"MM\0*\0\0\0\x08\xff\xff" + struct.pack(">HHII", 700, 1, 60_000, 0) * 9000),
    "a broken time": chunk(b"tIME", b"\1"),
    "a broken profile": chunk(b"iCCP", b"x\0\0junk"),
    "an empty profile": chunk(b"iCCP"),
    "a profile of 60 MB": chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(60 << 20))),
    "a broken gamma": chunk(b"gAMA"),
    "broken primaries": chunk(b"cHRM", b"\0"),
    "a broken density": chunk(b"pHYs"),
    "a broken intent": chunk(b"sRGB"),
    "a transparency with a wrong sum": chunk(b"tRNS", b"\0\1\0\1\0\1", 7),
    "a broken animation": chunk(b"acTL", b"\0"),
    "an animation of no frames": chunk(b"acTL", bytes(8)),
    "an unknown one": chunk(b"prVt", b"anything", 3),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_png_with_bad_blocks_beside_its_pixels_is_read(name):
    whole = encoded(PICTURE)
    assert (decode(whole[:33] + BLOCKS[name] + whole[33:]) == PIXELS).all()
    assert (decode(whole[:-12] + BLOCKS[name] + whole[-12:]) == PIXELS).all()


def test_a_png_that_is_cut_within_its_pixels_is_refused():
    for length in (40, 100, 1500):
        with pytest.raises(BadSample):
            decode(encoded(PICTURE)[:length])


@pytest.mark.parametrize(
    "segment",
    [
        (0xE1, b"Exif\0\0MM\0*" + b"\xff" * 18),
        (0xE1, b"Exif\0\0"),
        (0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 700, 1, 60_000, 0) * 5000),
        (0xE2, b"ICC_PROFILE\0"),
        (0xE2, b"ICC_PROFILE\0\1\2half of it"),
        (0xE2, b"MPF\0broken"),
        (0xED, b"Photoshop 3.0\0008BIM\4\4\0\0\xff\xff\xff\xff"),
        (0xE0, b"JFIF"),
        (0xFE, b"\xff" * 90),
    ],
)
def test_a_jpeg_with_bad_segments_is_read(segment):
    whole = encoded(PICTURE, "JPEG")
    block = struct.pack(">BBH", 0xFF, segment[0], len(segment[1]) + 2) + segment[1]
    assert (decode(whole[:2] + block + whole[2:]) == decode(whole)).all()


def test_a_webp_with_a_bad_end_is_read():
    whole = encoded(PICTURE, "WEBP", lossless=True, exif=b"Exif\0\0II*\0junk")
    assert (decode(whole) == PIXELS).all()
    assert (decode(whole[:-8]) == PIXELS).all()  # cut within the EXIF
    with pytest.raises(BadSample):
        decode(whole[: len(whole) // 2])


def test_a_tiff_and_an_avif_with_bad_exif_are_read():
    plain = encoded(PICTURE, "TIFF")
    made = encoded(PICTURE, "TIFF", tiffinfo={34665: 10**6})
    assert made != plain and (decode(made) == PIXELS).all()
    assert (decode(encoded(PICTURE, "TIFF", compression="tiff_lzw", tiffinfo={34665: 3})) == PIXELS).all()
    made = encoded(PICTURE, "AVIF", exif=exif(1)).replace(b"MM\0*", b"XX\0*")
    assert (decode(made) == decode(encoded(PICTURE, "AVIF"))).all()


def upright(turn, picture=PICTURE):
    copy = picture.copy()
    copy.getexif()[0x0112] = turn
    return np.asarray(ImageOps.exif_transpose(copy))


@pytest.mark.parametrize("turn", range(1, 9))
def test_every_orientation_is_applied_in_every_format(turn):
    wanted = upright(turn)
    tagged = Image.Exif()
    tagged[0x0112] = turn
    whole = encoded(PICTURE)
    raw = b"\nexif\n      99\n" + exif(turn).hex().encode()
    xmp = f'<x:xmpmeta><rdf:Description tiff:Orientation="{turn}"/></x:xmpmeta>'.encode()
    ways = [encoded(PICTURE, "PNG", exif=tagged), encoded(PICTURE, "TIFF", exif=tagged)]
    ways += [
        encoded(PICTURE, "WEBP", exif=tagged, lossless=True),
        encoded(PICTURE, "TIFF", exif=tagged, compression="lzma"),
    ]
    ways += [whole[:33] + chunk(b"eXIf", exif(turn, "<", b"")) + whole[33:]]
    ways += [whole[:33] + chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw)) + whole[33:]]
    ways += [whole[:33] + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp) + whole[33:]]
    for data in ways:
        assert (decode(data) == wanted).all()
        assert dimensions(data) == wanted.shape[1::-1] and extent(data) == wanted.shape[:2]
    for format in ("JPEG", "AVIF"):
        data, stored = encoded(PICTURE, format, exif=tagged), Image.fromarray(decode(encoded(PICTURE, format)))
        assert (decode(data) == upright(turn, stored)).all()
        assert dimensions(data) == wanted.shape[1::-1]


def test_an_orientation_that_is_none_is_upright():
    for block in (b"", b"II*\0", exif(0), exif(9), exif(700), b"Exif\0\0", b"XX" + exif(6)[2:], exif(6)[:-10]):
        assert orientation.of_exif(block) == 1
    assert orientation.of_exif(b"Exif\0\0" + exif(6)) == 6


def test_a_multi_picture_file_is_the_jpeg_that_it_begins_with():
    data = encoded(PICTURE, "MPO", save_all=True, append_images=[Image.new("RGB", (32, 20))])
    assert b"MPF" in data and (decode(data) == decode(encoded(PICTURE, "JPEG"))).all() and measure(data) == (32, 20)


def test_what_has_nothing_to_leave_out_stays():
    for format in ("PNG", "BMP", "GIF", "TIFF"):
        whole = encoded(PICTURE, format)
        assert strip_metadata(whole).data == whole
