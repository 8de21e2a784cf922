"""What is no picture, or one that no reader here opens, is named in plain words with the way out."""

import gzip
import io
import struct
import sys
import types

import numpy as np
import pytest
from PIL import Image, ImageFile

from sightline.data.decode import raster
from sightline.data.decode.picture import NotAPicture, decode, measure
from sightline.data.decode.tiff import MAGICS
from sightline.data.sample import BadSample


def encoded(image, format="PNG", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def container(*brands):
    return struct.pack(">I4s4sI", 16 + 4 * (len(brands) - 1), b"ftyp", brands[0], 0) + b"".join(brands[1:]) + bytes(64)


HEIC = r"HEIC, which Pillow cannot read by itself; install the plugin \(pip install pillow-heif\) or convert"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (container(b"heic", b"mif1", b"heic"), HEIC),
        (container(b"mif1", b"heic"), HEIC),
        (container(b"msf1", b"hevc"), HEIC),
        (container(b"heix", b"mif1"), HEIC),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", HEIC),
        (b"\xff\x0a" + bytes(range(40)), r"JPEG XL, .* \(pip install pillow-jxl-plugin\)"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(20), "JPEG XL"),
        (container(b"isom", b"mp41"), "a video"),
        (container(b"qt  "), "a video"),
        (container(b"crx ", b"isom"), "camera's raw file .Canon CR3"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(40), "camera's raw file .Canon CR2"),
        (encoded(Image.new("RGB", (8, 8)), "TIFF", tiffinfo={50706: b"\1\4\0\0", 254: 1}), r"raw file \(DNG\)"),
        (encoded(Image.new("RGB", (8, 8)), "TIFF", tiffinfo={254: 1, 271: "NIKON", 330: 8}), "raw file .NEF, ARW"),
        (b"FUJIFILMCCD-RAW 0201", "Fujifilm"),
        (b"IIRO\x08\0\0\0", "Olympus"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "EPS"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "Git LFS pointer.*git lfs pull"),
        (bytes(4096), r"nothing but zeros \(4,096 bytes\)"),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>", "a web page"),
        (b"\xef\xbb\xbf\n<html lang='en'><head></head></html>", "a web page"),
        (b'{"message": "rate limit exceeded"}', "JSON"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"\x1aE\xdf\xa3webm", "a WebM"),
        (b"RIFF\0\0\0\0AVI LIST", "an AVI video"),
        (b"RIFF\0\0\0\0WAVEfmt ", "sound"),
        (bytes(128) + b"DICM" + bytes(40), "a DICOM picture"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X        ", "macOS's notes"),
        (b"v/1\x01\2\0\0\0", "OpenEXR"),
        (b"gimp xcf v011\0", "GIMP"),
        (gzip.compress(b"%PDF-1.4", mtime=0), "PDF"),
    ],
)
def test_it_is_named_with_the_way_out(data, said):
    for look in (decode, measure):
        with pytest.raises(NotAPicture, match=f"^not a picture that can be opened here: .*{said}"):
            look(data)


def test_a_png_for_iphones_is_named():
    whole = encoded(Image.new("RGB", (4, 4)))
    with pytest.raises(NotAPicture, match="Xcode"):
        decode(whole[:8] + struct.pack(">I4s4xI", 4, b"CgBI", 1) + whole[8:])


def test_a_photograph_in_a_tiff_is_no_raw_file():
    image = Image.new("RGB", (8, 8), "red")
    for told in ({271: "NIKON", 272: "D90"}, {254: 0, 271: "NIKON", 330: 8}, {254: 1}):
        assert decode(encoded(image, "TIFF", tiffinfo=told)).shape == (8, 8, 3)


def test_the_shortest_beginnings_are_bad_samples():
    starts = [
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"BM",
        b"RIFF",
        b"RIFF\0\0\0\0WEBP",
        b"\0\0\1\0",
        b"\0\0\2\0",
    ]
    starts += [
        b"icns",
        b"8BPS",
        b"qoif",
        b"DDS ",
        b"P6",
        b"\0\0\0\0ftyp",
        b"\0\0\0\x0cjP  ",
        b"\x93NUMPY",
        b"<svg",
        *MAGICS,
    ]
    for start in starts:
        for length in range(1, len(start) + 1):
            for rest in (b"", bytes(3), bytes(30)):
                for look in (decode, measure):
                    with pytest.raises(BadSample):
                        look(start[:length] + rest)


@pytest.fixture
def heif(monkeypatch):
    """A plugin of HEIC's that makes every such file 3 x 2 blue pixels."""

    class Heif(ImageFile.ImageFile):
        format, format_description = "HEIF", "HEIC for a test"

        def _open(self):
            self._size, self._mode = (3, 2), "RGB"
            self.fp = io.BytesIO(b"\0\0\xff" * 6)
            self.tile = [ImageFile._Tile("raw", (0, 0, 3, 2), 0, "RGB")]

    module = types.ModuleType("pillow_heif")
    calls = []

    def register():
        calls.append(1)
        Image.register_open("HEIF", Heif, lambda start: start[4:8] == b"ftyp")

    module.register_heif_opener = register  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pillow_heif", module)
    raster._learnt.cache_clear()
    yield calls
    raster._learnt.cache_clear()
    Image.OPEN.pop("HEIF", None)
    if "HEIF" in Image.ID:
        Image.ID.remove("HEIF")


def test_an_installed_plugin_is_used_and_registered_once(heif):
    for _ in range(3):
        pixels = decode(container(b"heic", b"mif1"))
        assert pixels.shape == (2, 3, 3) and pixels[0, 0].tolist() == [0, 0, 255]
    assert measure(container(b"mif1", b"heic")) == (3, 2) and heif == [1]
    # and it sees nothing else
    assert decode(encoded(Image.new("RGB", (4, 4), "red")))[0, 0].tolist() == [255, 0, 0]


def test_a_plugin_that_does_not_load_is_as_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", types.ModuleType("pillow_heif"))
    raster._learnt.cache_clear()
    with pytest.raises(NotAPicture, match="HEIC"):
        decode(container(b"heic"))
    raster._learnt.cache_clear()


@pytest.mark.parametrize(
    "format", ["JPEG2000", "QOI", "DDS", "PCX", "TGA", "DIB", "ICO", "ICNS", "PPM", "AVIF", "MPO", "BMP"]
)
def test_further_formats_are_read_by_content(format):
    picture = Image.new("RGB", (128, 128), "red")
    picture.paste("blue", (10, 10, 60, 60))
    pixels = decode(encoded(picture, format), 128).astype(int)
    assert np.abs(pixels[100 * len(pixels) // 128, -3] - (255, 0, 0)).max() < 9
    assert np.abs(pixels[35 * len(pixels) // 128, 30 * len(pixels) // 128] - (0, 0, 255)).max() < 9


def test_a_targa_file_needs_no_mark_where_its_head_says_exactly_what_is_there():
    whole = struct.pack("<BBB5xHHHHBB", 0, 0, 2, 0, 0, 3, 2, 24, 0x20) + b"\xff\0\0" * 6
    assert decode(whole).tolist() == [[[0, 0, 255]] * 3] * 2
    with pytest.raises(BadSample):
        decode(whole + b"\0")


def test_a_photoshop_file_shows_its_whole_picture():
    data = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 2, 3, 8, 3) + bytes(12) + b"\0\0" + b"\xff" * 6 + bytes(12)
    assert decode(data).tolist() == [[[255, 0, 0]] * 3] * 2


def test_what_pillow_decodes_in_python_is_read_up_to_a_few_seconds_worth():
    data = bytearray(encoded(Image.new("RGB", (4, 4)), "QOI"))
    struct.pack_into(">II", data, 4, 3000, 3000)
    with pytest.raises(BadSample, match="bomb: 3000 x 3000 pixels, the limit is 4,000,000"):
        decode(bytes(data))
    with pytest.raises(BadSample, match="bomb"):
        decode(b"P3 3000 3000 255\n1 2 3")
